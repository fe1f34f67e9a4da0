import * as z from 'zod'
import { AppError } from '../core/errors.ts'

/** Keyset paging: the cursor is the key of the last row. It is opaque to the client and parsed when it returns. */
export function cursorOf<T extends z.ZodType>(schema: T, cursor: string | undefined): z.infer<T> | null {
  if (cursor === undefined) return null
  try {
    return schema.parse(JSON.parse(decoded(cursor)))
  } catch {
    return refuseCursor()
  }
}

export function refuseCursor(): never {
  throw new AppError(
    'invalid_cursor',
    'Send the nextCursor of this list unchanged, with the same filter and order, or none for the first page',
    { errors: [{ path: 'cursor', message: 'Not a cursor of this list' }] },
  )
}

/** The verb reads one row more than the page has. If that row exists, there is a next page. */
export function page<Row>(
  rows: Row[],
  limit: number,
  keyOf: (row: Row) => unknown,
): { data: Row[]; nextCursor: string | null } {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  if (rows.length <= limit || last === undefined) return { data, nextCursor: null }
  return { data, nextCursor: encodeCursor(keyOf(last)) }
}

/** For a list that computes itself where its next page begins. */
export function encodeCursor(key: unknown): string {
  return encoded(JSON.stringify(key))
}

/** base64url of UTF-8, because `btoa` alone accepts only Latin-1. */
function encoded(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text))
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function decoded(cursor: string): string {
  const bytes = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
    Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)),
  )
}
