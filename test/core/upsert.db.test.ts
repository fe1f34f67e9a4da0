import { doublePrecision, integer, jsonb, pgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { makeDb } from '../../functions/core/db.ts'
import { makeMetrics } from '../../functions/core/metrics.ts'
import { type UpsertOptions, upserted, upsertOf } from '../../functions/core/upsert.ts'
import { freshDatabase } from '../support/database.ts'
import { freshProxy } from '../support/proxy.ts'
import { sent } from '../support/sent.ts'

const database = await freshDatabase()
const proxy = await freshProxy(database, { maxSessions: 20 })
const { admin } = database
const metrics = makeMetrics()
const db = makeDb(database.ownerUrl, metrics, { proxy: proxy.address })

const things = pgSchema('plain').table(
  'things',
  {
    kind: text('kind').notNull(),
    number: integer('number').notNull(),
    label: text('label'),
    data: jsonb('data'),
    size: doublePrecision('size'),
    version: integer('version').notNull().default(0),
    seenAt: timestamp('seen_at', { withTimezone: true }),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.kind, t.number] })],
)
type Thing = typeof things.$inferInsert

beforeEach(async () => {
  await admin.query('drop schema if exists plain cascade; create schema plain')
  await admin.query(`create table plain.things (
    kind text not null, number int not null, label text, data jsonb, size double precision,
    version int not null default 0, seen_at timestamptz, updated_at timestamptz not null default '2020-01-01',
    primary key (kind, number), check (label <> 'forbidden'))`)
})

const key = ['kind', 'number'] as const
async function put(rows: Thing[], options: Partial<UpsertOptions<typeof things>> = {}) {
  const statements = upsertOf(things, rows, { key, ...options })
  return upserted(statements.length > 0 ? await db.batch(statements) : [])
}
const stored = async () => (await admin.query('select * from plain.things order by kind, number')).rows
const thing = (number: number, more: Partial<Thing> = {}): Thing => ({
  kind: 'a',
  number,
  label: `thing ${number}`,
  ...more,
})

describe('upsertMany', () => {
  it('counts inserted, updated and unchanged rows', async () => {
    expect(await put([thing(1), thing(2)])).toEqual({ inserted: 2, updated: 0, unchanged: 0 })
    expect(await put([thing(1), thing(2, { label: 'other' }), thing(3)])).toEqual({
      inserted: 1,
      updated: 1,
      unchanged: 1,
    })
    expect((await stored()).map(({ label }) => label)).toEqual(['thing 1', 'other', 'thing 3'])
  })

  it('carries every kind of value both ways', async () => {
    const seenAt = new Date('2026-11-20T10:00:00.123Z')
    const text = `quotes ' " \\ {a,b} NULL \n ü 𝄞`
    await put([
      {
        kind: text,
        number: -1,
        label: 'NULL',
        data: { list: [1, null, { deep: text }], none: null },
        size: 1.5e-300,
        seenAt,
      },
      { kind: 'plain', number: 0, label: '', data: [1, 'two'], size: null, seenAt: null },
    ])
    expect(await stored()).toMatchObject([
      { kind: 'plain', number: 0, label: '', data: [1, 'two'], size: null, seen_at: null },
      {
        kind: text,
        number: -1,
        label: 'NULL',
        data: { list: [1, null, { deep: text }], none: null },
        size: 1.5e-300,
        seen_at: seenAt,
      },
    ])
  })

  it('drops characters that Postgres cannot store: NUL and lone surrogates', async () => {
    await put([thing(1, { label: 'a\0b\ud800c', data: { 'k\0': ['x\0y\udfff'] } })])
    expect(await stored()).toMatchObject([{ label: 'ab\ufffdc', data: { k: ['xy\ufffd'] } }])
  })

  it('lets the last of rows with one key win', async () => {
    expect(await put([thing(1, { label: 'first' }), thing(1, { label: 'last' })])).toEqual({
      inserted: 1,
      updated: 0,
      unchanged: 0,
    })
    expect(await stored()).toMatchObject([{ label: 'last' }])
  })

  it('writes nothing for rows that are equal already: no row version, no lock, no transaction id', async () => {
    const rows = Array.from({ length: 1_000 }, (_, number) => thing(number, { data: { number } }))
    await put(rows)
    const versions = async () =>
      (
        await admin.query(
          `select md5(string_agg(ctid::text || xmin || xmax, ',' order by number)) from plain.things`,
        )
      ).rows[0].md5
    const before = await versions()
    const [counts, xid] = await db.batch([
      ...upsertOf(things, rows, { key }),
      sent`select pg_current_xact_id_if_assigned()::text as xid`,
    ])
    expect(upserted([counts ?? []])).toEqual({ inserted: 0, updated: 0, unchanged: 1_000 })
    expect(xid).toEqual([{ xid: null }])
    expect(await versions()).toBe(before)
  })

  it('compares by a hash column, and marks the moment of a change', async () => {
    await put([thing(1, { label: 'hash', data: { a: 1 } })])
    const byLabel = { compare: ['label'], touch: 'updatedAt' } as const
    expect(await put([thing(1, { label: 'hash', data: { a: 2 } })], byLabel)).toMatchObject({ unchanged: 1 })
    expect(await stored()).toMatchObject([{ data: { a: 1 }, updated_at: new Date('2020-01-01T00:00:00') }])
    expect(await put([thing(1, { label: 'else', data: { a: 3 } })], byLabel)).toMatchObject({ updated: 1 })
    const [row] = await stored()
    expect(row.data).toEqual({ a: 3 })
    expect(Date.now() - row.updated_at.getTime()).toBeLessThan(60_000)
  })

  it('never overwrites newer data with late data', async () => {
    const newest = { newest: 'version' } as const
    await put([thing(1, { version: 2, label: 'second' })], newest)
    expect(await put([thing(1, { version: 1, label: 'first' })], newest)).toMatchObject({ unchanged: 1 })
    expect(await put([thing(1, { version: 2, label: 'second, corrected' })], newest)).toMatchObject({
      updated: 1,
    })
    expect(await stored()).toMatchObject([{ version: 2, label: 'second, corrected' }])
  })

  it('only adds rows with `append`, by a role that may not update', async () => {
    await put([thing(1, { label: 'first' })])
    expect(await put([thing(1, { label: 'second' }), thing(2)], { append: true })).toEqual({
      inserted: 1,
      updated: 0,
      unchanged: 1,
    })
    expect((await stored()).map(({ label }) => label)).toEqual(['first', 'thing 2'])
    await admin.query(
      'grant usage on schema plain to lockstep_app; grant select, insert on plain.things to lockstep_app',
    )
    const limited = makeDb(database.workerUrl, metrics, { proxy: proxy.address })
    const [counts = []] = await limited.batch(upsertOf(things, [thing(3)], { key, append: true }))
    expect(upserted([counts])).toMatchObject({ inserted: 1 })
    await expect(limited.batch(upsertOf(things, [thing(3)], { key }))).rejects.toMatchObject({
      sqlstate: '42501',
    })
  })

  it('writes the whole batch or nothing, over all its chunks', async () => {
    const rows = Array.from({ length: 6_000 }, (_, number) => thing(number))
    const spoilt = rows.map((row, at) => (at === 5_999 ? { ...row, label: 'forbidden' } : row))
    expect(upsertOf(things, spoilt, { key })).toHaveLength(2)
    await expect(put(spoilt)).rejects.toMatchObject({ sqlstate: '23514' })
    expect(await stored()).toEqual([])
    expect(await put(rows)).toEqual({ inserted: 6_000, updated: 0, unchanged: 0 })
  })

  it('is one statement and one round trip for a thousand rows, and cuts by bytes', async () => {
    expect(
      upsertOf(
        things,
        Array.from({ length: 1_000 }, (_, number) => thing(number)),
        { key },
      ),
    ).toHaveLength(1)
    const heavy = Array.from({ length: 9 }, (_, number) => thing(number, { label: 'x'.repeat(1_000_000) }))
    expect(upsertOf(things, heavy, { key })).toHaveLength(3)
    const before = metrics.trips
    await put(heavy)
    expect(metrics.trips - before).toBe(1)
  })

  it('does nothing for no rows, and refuses rows that do not fit together', async () => {
    expect(await put([])).toEqual({ inserted: 0, updated: 0, unchanged: 0 })
    await expect(put([{ kind: 'a', number: 1 }, thing(2)])).rejects.toThrow('label')
    // A row from outside the type system: no key.
    await expect(put([JSON.parse('{"kind":"a"}')])).rejects.toThrow('number')
  })

  it('has the result of writing random rows one by one', async () => {
    const label = fc.option(fc.constantFrom('x', 'y', 'z'))
    const batch = fc.array(
      fc.record({ kind: fc.constantFrom('a', 'b'), number: fc.integer({ min: 0, max: 4 }), label }),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 4 }), async (batches) => {
        await admin.query('truncate plain.things')
        const model = new Map<string, unknown>()
        for (const rows of batches) {
          const counts = await put(rows)
          const keys = new Set(rows.map((row) => `${row.kind}${row.number}`))
          expect(counts.inserted + counts.updated + counts.unchanged).toBe(keys.size)
          expect(counts.inserted).toBe([...keys].filter((one) => !model.has(one)).length)
          for (const row of rows) model.set(`${row.kind}${row.number}`, row.label)
        }
        expect(new Map((await stored()).map((row) => [`${row.kind}${row.number}`, row.label]))).toEqual(model)
      }),
      { numRuns: 25 },
    )
  })

  it('lets twelve batches over the same rows, each in another order, finish without a deadlock', async () => {
    const orders = Array.from({ length: 12 }, (_, run) =>
      Array.from({ length: 200 }, (_row, at) => thing((at * 7 + run * 31) % 200, { label: `run ${run}` })),
    )
    const counts = await Promise.all(orders.map((rows) => put(rows)))
    expect(counts.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(200)
    expect(new Set((await stored()).map(({ label }) => label)).size).toBe(1)
  })

  it('would deadlock in the order given: two plain upserts against each other do', async () => {
    await put([thing(1), thing(2)])
    const [one, two] = [await database.connect(), await database.connect()]
    const write = (client: typeof one, number: number) =>
      client.query(
        `insert into plain.things (kind, number, label) values ('a', $1, 'mine') on conflict (kind, number) do update set label = excluded.label`,
        [number],
      )
    await one.query('begin')
    await two.query('begin')
    await write(one, 1)
    await write(two, 2)
    const both = await Promise.allSettled([write(one, 2), write(two, 1)])
    expect(both.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    await Promise.allSettled([one.query('rollback'), two.query('rollback')])
  })
})
