import { describe, expect, it } from 'vitest'
import { chunked, inKeyOrder } from '../../functions/core/rows.ts'

describe('the rows of a batch', () => {
  it('come in the order of their keys, so that two batches of many chunks cannot deadlock', () => {
    const rows = [
      { kind: 'b', number: 1 },
      { kind: 'a', number: 10 },
      { kind: 'a', number: 9 },
    ]
    expect(inKeyOrder(rows, ['kind', 'number'])).toEqual([
      { kind: 'a', number: 9 },
      { kind: 'a', number: 10 },
      { kind: 'b', number: 1 },
    ])
  })

  it('come once for each key, and the last one wins', () => {
    const rows = [
      { id: 1, label: 'first' },
      { id: 1, label: 'last' },
    ]
    expect(inKeyOrder(rows, ['id'])).toEqual([{ id: 1, label: 'last' }])
  })

  it('are cut by number and by size, and none is lost', () => {
    const many = Array.from({ length: 12_000 }, (_, id) => [id])
    expect(chunked(many).map(({ length }) => length)).toEqual([5_000, 5_000, 2_000])
    expect(chunked(many).flat()).toEqual(many)
    const large = Array.from({ length: 3 }, () => ['x'.repeat(3_000_000)])
    expect(chunked(large).map(({ length }) => length)).toEqual([1, 1, 1])
  })
})
