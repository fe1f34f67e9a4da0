import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { makeDb } from '../../functions/core/db.ts'
import { makeMetrics } from '../../functions/core/metrics.ts'
import { rebuildView, verifyView } from '../../functions/core/view.ts'
import { freshDatabase } from '../support/database.ts'
import { freshProxy } from '../support/proxy.ts'
import { appending, differences, makeSampleView, type SampleEvent } from './sample-view.ts'

const database = await freshDatabase()
const proxy = await freshProxy(database)
const { admin } = database
const metrics = makeMetrics()
const db = makeDb(database.workerUrl, metrics, { proxy: proxy.address })
const lamps = { view: 'plain.lamps', scope: 1 }

beforeEach(() => makeSampleView(database))

const append = (...events: SampleEvent[]) => admin.query(appending(events))
const rows = async () =>
  (
    await admin.query(
      'select lamp, colour, status, brightness, stream_version from plain.lamps order by lamp',
    )
  ).rows

describe('an incremental view', () => {
  it('equals the fold of its events within the statement that appends them', async () => {
    await append(['a', 1, 'made'], ['b', 1, 'made'])
    await append(['a', 2, 'lit'], ['c', 1, 'made'], ['a', 3, 'dimmed'])
    expect(await rows()).toEqual([
      { lamp: 'a', colour: 'red', status: 'on', brightness: 3, stream_version: 3 },
      { lamp: 'b', colour: 'red', status: 'off', brightness: 1, stream_version: 1 },
      { lamp: 'c', colour: 'red', status: 'off', brightness: 1, stream_version: 1 },
    ])
  })

  it('equals the fold after random batches, and a batch with one illegal step leaves no trace', async () => {
    // Versions are mostly the next ones: `off` says by how much they are not.
    const type = fc.constantFrom<SampleEvent[2]>('made', 'lit', 'lit', 'dimmed', 'broke')
    const off = fc.oneof(
      { weight: 12, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.constantFrom(-1, 1) },
    )
    const wish = fc.record({ lamp: fc.constantFrom('a', 'b', 'c', 'd', 'e'), type, off })
    const batch = fc.array(wish, { minLength: 1, maxLength: 3 })
    let [kept, refused] = [0, 0]
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 3, maxLength: 12 }), async (batches) => {
        await admin.query('truncate plain.lamp_events, plain.lamps')
        for (const wishes of batches) {
          const last = new Map((await rows()).map(({ lamp, stream_version }) => [lamp, stream_version]))
          const events = wishes.map(({ lamp, type, off }): SampleEvent => {
            const version = Math.max(1, (last.get(lamp) ?? 0) + 1 + off)
            last.set(lamp, version)
            return [lamp, version, version === 1 && off === 0 ? 'made' : type]
          })
          const lawful = await isLawful(events)
          const done = await append(...events).then(
            () => true,
            () => false,
          )
          expect(done).toBe(lawful)
          if (done) kept += 1
          else refused += 1
        }
        expect((await admin.query(differences)).rows).toEqual([])
      }),
      { numRuns: 60 },
    )
    expect(Math.min(kept, refused)).toBeGreaterThan(20)
  })

  it.each([
    ['a version that is missing', [['a', 3, 'lit']], 'LS101', { current: 1 }],
    ['a stream that nobody began', [['z', 2, 'lit']], 'LS101', { current: 0 }],
    [
      'a gap within the batch',
      [
        ['a', 2, 'lit'],
        ['a', 4, 'lit'],
      ],
      'LS101',
      { current: 1 },
    ],
    [
      'a step that the state does not allow',
      [
        ['a', 2, 'broke'],
        ['a', 3, 'lit'],
      ],
      'LS105',
      { was: 'broken', becomes: 'on' },
    ],
    ['a beginning that is none', [['z', 1, 'lit']], 'LS105', { was: null, becomes: 'on' }],
  ] as [string, SampleEvent[], string, object][])(
    'refuses %s, with the whole batch',
    async (_, events, code, detail) => {
      await append(['a', 1, 'made'])
      const before = await rows()
      const refused: unknown = await append(['b', 1, 'made'], ...events).catch((error: unknown) => error)
      expect(refused).toMatchObject({ code })
      const { column } = refused as { column: string }
      expect(JSON.parse(column)).toMatchObject(detail)
      expect(await rows()).toEqual(before)
    },
  )

  it('costs the same with one stream before it and with ten thousand', async () => {
    const touched = async () => {
      await admin.query('select pg_stat_force_next_flush()')
      const { rows: found } = await admin.query(
        `select coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::int as n from pg_stat_user_tables where schemaname = 'plain'`,
      )
      return Number(found[0].n)
    }
    const costOf = async (...events: SampleEvent[]) => {
      const before = await touched()
      await append(...events)
      return (await touched()) - before
    }
    await append(['a', 1, 'made'])
    const early = await costOf(['a', 2, 'lit'])
    await append(...Array.from({ length: 10_000 }, (_, n): SampleEvent => [`l-${n}`, 1, 'made']))
    expect(await costOf(['a', 3, 'lit'])).toBeLessThanOrEqual(early)
  })
})

describe('to verify and rebuild', () => {
  it('returns the rows that differ with their expected values, in one round trip', async () => {
    await append(['a', 1, 'made'], ['b', 1, 'made'], ['c', 1, 'made'])
    await admin.query(
      `update plain.lamps set status = 'on' where lamp = 'a'; delete from plain.lamps where lamp = 'b'`,
    )
    await admin.query(`insert into plain.lamps values (1, 'ghost', '', 'off', 1, now(), 1)`)
    const before = metrics.trips
    const found = await verifyView(db, { ...lamps, sample: null })
    expect(metrics.trips - before).toBe(1)
    expect(
      found.toSorted((one, other) => String(one.key['lamp']).localeCompare(String(other.key['lamp']))),
    ).toMatchObject([
      { key: { lamp: 'a' }, expected: { status: 'off' }, actual: { status: 'on' } },
      { key: { lamp: 'b' }, expected: { status: 'off' }, actual: null },
      { key: { lamp: 'ghost' }, expected: null, actual: { status: 'off' } },
    ])
    const rebuilt = await rebuildView(db, lamps)
    expect(rebuilt).toMatchObject({ rowsBefore: 3, rowsAfter: 3, mended: 3 })
    expect(await verifyView(db, { ...lamps, sample: null })).toEqual([])
  })

  it('checks the newest events when it takes a sample', async () => {
    await append(...Array.from({ length: 500 }, (_, n): SampleEvent => [`l-${n}`, 1, 'made']))
    await append(['last', 1, 'made'])
    await admin.query(`update plain.lamps set status = 'on' where lamp = 'last'`)
    expect(await verifyView(db, { ...lamps, sample: 1 })).toMatchObject([{ key: { lamp: 'last' } }])
  })

  it('keeps to its scope', async () => {
    await admin.query(appending([['a', 1, 'made']], 2))
    await admin.query(`update plain.lamps set status = 'on'`)
    expect(await rebuildView(db, lamps)).toMatchObject({ rowsBefore: 0, mended: 0 })
    expect(await rebuildView(db, { ...lamps, scope: 2 })).toMatchObject({ rowsBefore: 1, mended: 1 })
  })
})

/** On paper: whether each event of a batch continues its lamp's stream, taken in the order of versions. */
async function isLawful(events: SampleEvent[]): Promise<boolean> {
  const { rows: found } = await admin.query<{ lamp: string; status: string; stream_version: number }>(
    'select * from plain.lamps',
  )
  const known = new Map(found.map((row) => [row.lamp, { state: row.status, version: row.stream_version }]))
  for (const [lamp, version, type] of events.toSorted(([, one], [, other]) => one - other)) {
    const { state = '', version: last = 0 } = known.get(lamp) ?? {}
    const becomes = { made: 'off', lit: 'on', dimmed: 'on', broke: 'broken' }[type]
    const lawful = state === '' ? becomes === 'off' : state !== 'broken' && becomes !== 'off'
    if (!lawful || version !== last + 1) return false
    known.set(lamp, { state: becomes, version })
  }
  return true
}
