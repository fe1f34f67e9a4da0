import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { cursorOf, page } from '../../functions/http/page.ts'

const Key = z.tuple([z.string(), z.int()])

describe('a page', () => {
  it('has a cursor only when there are more rows, and it is the key of the last row', () => {
    const rows = [1, 2, 3].map((id) => ({ id, name: `n${id}` }))
    const keyOf = ({ id, name }: (typeof rows)[number]) => [name, id]
    expect(page(rows, 3, keyOf)).toEqual({ data: rows, nextCursor: null })
    expect(page([], 3, keyOf)).toEqual({ data: [], nextCursor: null })
    const { data, nextCursor } = page(rows, 2, keyOf)
    expect(data).toEqual(rows.slice(0, 2))
    expect(cursorOf(Key, nextCursor ?? '')).toEqual(['n2', 2])
  })

  it('encodes cursors of any script for a URL, and decodes them unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer(), (name, id) => {
        const { nextCursor } = page([0, 1], 1, () => [name, id])
        expect(nextCursor).toMatch(/^[\w-]+$/)
        expect(cursorOf(Key, nextCursor ?? '')).toEqual([name, id])
      }),
    )
  })

  it('refuses a cursor that it did not issue', () => {
    expect(cursorOf(Key, undefined)).toBe(null)
    fc.assert(
      fc.property(fc.string(), (cursor) => {
        expect(() => cursorOf(Key, cursor)).toThrow(
          expect.objectContaining({ code: 'invalid_cursor', status: 400 }),
        )
      }),
    )
  })
})
