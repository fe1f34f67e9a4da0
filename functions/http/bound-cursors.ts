import type { Ctx } from '../core/context.ts'
import { callerOf } from './auth.ts'
import type { Answer, CursorFields, Endpoint, Input } from './endpoint.ts'
import { digestOf } from './idempotency.ts'
import { refuseCursor } from './page.ts'

/** Every list with `?cursor=` answers `nextCursor`. A list with other names declares them. */
export function cursorFieldsOf({ cursors, query }: Pick<Endpoint, 'cursors' | 'query'>): CursorFields | null {
  if (cursors !== undefined) return cursors
  return query !== undefined && 'cursor' in query.shape ? { takes: 'cursor', gives: ['nextCursor'] } : null
}

/**
 * Runs the handler of a list. A cursor continues only the list that gave it: the same path, filter and order, for the same
 * caller. In another list it would skip rows, or carry the running balance of another account.
 */
export async function handleBound(endpoint: Endpoint, ctx: Ctx, input: Input): Promise<Answer | Response> {
  const fields = cursorFieldsOf(endpoint)
  if (fields === null) return endpoint.handle(ctx, input)
  const { [fields.takes]: given, limit, ...filter } = Object(input.query) as Record<string, unknown>
  const caller = ctx.principal === null ? 'public' : callerOf(ctx.principal)
  const list = await digestOf([endpoint.method, endpoint.path, caller, input.params, filter])
  const binding = list.slice(0, bindingLength)
  const taken = typeof given === 'string' ? { [fields.takes]: unbound(binding, given) } : {}
  const page = limit === undefined ? {} : { limit }
  const answer = await endpoint.handle(ctx, { ...input, query: { ...filter, ...page, ...taken } })
  return answer instanceof Response ? answer : { ...answer, body: bound(binding, fields, answer.body) }
}

/** 64 bits of the digest, as hexadecimal digits. */
const bindingLength = 16

function unbound(binding: string, cursor: string): string {
  return cursor.startsWith(binding) ? cursor.slice(bindingLength) : refuseCursor()
}

function bound(binding: string, { gives }: CursorFields, body: unknown): unknown {
  const given = Object.entries(Object(body)).filter(([name]) => gives.includes(name))
  const cursors = given.map(([name, cursor]) => [
    name,
    typeof cursor === 'string' ? binding + cursor : cursor,
  ])
  return Object.assign({}, body, Object.fromEntries(cursors))
}
