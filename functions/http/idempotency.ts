import type { IdempotencyRequest, Principal } from '../core/context.ts'
import { AppError } from '../core/errors.ts'
import { callerOf } from './auth.ts'

type KeyedRequest = {
  key: string | null
  route: string
  /** With its query string, because both identify the request. */
  path: string
  body: unknown
  /** The version of If-Match, which decides as the body does; 0 on a route without one. */
  version: number
  principal: Principal | null
  requestId?: string
}

/** The key in the header, checked before the body is read. */
export function keyFrom(header: string | undefined): string | null {
  if (header === undefined || /^[\x21-\x7e]{1,255}$/.test(header)) return header ?? null
  throw new AppError('invalid_idempotency_key', 'Send 1 to 255 visible ASCII characters without spaces')
}

/** Identifies the request under its key. The key's scope is caller and route, so two callers may use equal keys. */
export async function idempotencyOf({
  key,
  route,
  path,
  body,
  version,
  principal,
  requestId = '',
}: KeyedRequest): Promise<IdempotencyRequest | null> {
  if (key === null) return null
  const who = principal === null ? 'public' : callerOf(principal)
  const [id, bodyHash] = await Promise.all([
    digestOf([who, route, key]),
    digestOf(version === 0 ? [path, body] : [path, version, body]),
  ])
  // The id of the first request is kept beside the route; core.begin_idempotent takes both as one text.
  return { id, principal: who, route: requestId === '' ? route : `${route}#${requestId}`, bodyHash }
}

/** Equal for two bodies that differ only in the order of their members. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, canonical(member)]))
}

/** SHA-256 of a JSON value, in hexadecimal digits. */
export async function digestOf(value: unknown): Promise<string> {
  const text = JSON.stringify(canonical(value))
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
