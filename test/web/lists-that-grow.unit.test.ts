import { describe, expect, it } from 'vitest'
import { afterGap, grown, type More, type PageOf, withPage } from '../../web/parts/more.ts'

type Row = { id: number; state: string }
const path = '/v1/rows'
const keyOf = ({ id }: Row) => id
const rows = (...ids: number[]): Row[] => ids.map((id) => ({ id, state: 'new' }))
const page = (data: Row[], nextCursor: string | null = 'more'): PageOf<Row> => ({ data, nextCursor })
const idsOf = ({ rows: shown }: { rows: readonly Row[] }) => shown.map(keyOf)

const first = page(rows(9, 8, 7))
const more: More<Row> = {
  first,
  rows: rows(6, 5, 4),
  places: [0, 1, 2].map((at) => `${path}?cursor=more#data.${at}`),
  next: 'further',
}
const after = (newest: PageOf<Row>) => grown(newest, more, { path, keyOf })

describe('a list with further pages', () => {
  it('shows each row once and none less when new rows push others off the first page', () => {
    const list = after(page(rows(11, 10, 9), 'of 9'))
    expect(idsOf(list)).toEqual([9, 8, 7, 6, 5, 4])
    expect(list.fresh.map(keyOf)).toEqual([11, 10])
    expect(list.isOld).toBe(true)
    expect(list.next).toBe('further')
  })

  it('doubles no row when one leaves the first page and the second page moves up', () => {
    const list = after(page(rows(9, 7, 6)))
    expect(idsOf(list)).toEqual([9, 8, 7, 6, 5, 4])
    expect(list.fresh).toEqual([])
    expect(list.isOld).toBe(true)
  })

  it('shows a row of both pages as it is now, with its place in the newer answer', () => {
    const list = after(page([...rows(10), { id: 9, state: 'done' }, ...rows(8)]))
    expect(list.rows[0]).toEqual({ id: 9, state: 'done' })
    expect(list.places.slice(0, 4)).toEqual([
      '/v1/rows#data.1',
      '/v1/rows#data.2',
      '/v1/rows#data.2',
      '/v1/rows?cursor=more#data.0',
    ])
  })

  it('says nothing while the first page has the same rows', () => {
    expect(after(first)).toMatchObject({ fresh: [], isOld: false })
  })

  it('keeps its pages after a gap in the events, as they were last known, and says that they are old', () => {
    const kept = afterGap(more, (row) => (row.id === 5 ? { id: 5, state: 'done' } : row))
    const list = grown(first, kept, { path, keyOf })
    expect(idsOf(list)).toEqual([9, 8, 7, 6, 5, 4])
    expect(list.rows[4]).toEqual({ id: 5, state: 'done' })
    expect(list).toMatchObject({ isOld: true, next: 'further', fresh: [] })
    const newest = page([{ id: 9, state: 'later' }, ...rows(8, 7)])
    const changed = afterGap(more, (row) => ({ ...row, state: 'before the gap' }))
    expect(
      grown(newest, changed, { path, keyOf })
        .rows.map(({ state }) => state)
        .slice(0, 4),
    ).toEqual(['later', 'new', 'new', 'before the gap'])
  })

  it('keeps the note of a gap when the page that was asked for before it arrives', () => {
    const pressed: More<Row> = { first, rows: [], places: [], next: 'more' }
    const kept = withPage(afterGap(pressed, keepsIt), page(rows(6), null), `${path}?cursor=more`)
    const list = grown(first, kept, { path, keyOf })
    expect(idsOf(list)).toEqual([9, 8, 7, 6])
    expect(list.places[3]).toBe('/v1/rows?cursor=more#data.0')
    expect(list).toMatchObject({ isOld: true, next: null })
  })

  it('is its first page until a further one was asked for', () => {
    const newest = page(rows(3, 2), null)
    const list = grown(newest, null, { path, keyOf })
    expect(list).toEqual({
      rows: newest.data,
      keys: new Set([3, 2]),
      places: ['/v1/rows#data.0', '/v1/rows#data.1'],
      next: null,
      fresh: [],
      isOld: false,
    })
  })
})

const keepsIt = (row: Row) => row
