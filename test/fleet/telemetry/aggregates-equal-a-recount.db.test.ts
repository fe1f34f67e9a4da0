import { beforeEach, describe, expect, it } from 'vitest'
import { untilWaiting } from '../../core/barrier.ts'
import { freshEnvironment } from '../../core/environment.ts'
import {
  aggregated,
  emptyTelemetry,
  fold,
  foldWithin,
  givenNode,
  recalculateWithin,
  recounted,
  runFleetJob,
  type SentSample,
  senderOf,
  storeMessages,
} from '../support/samples.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
beforeEach(async () => {
  await admin.query(emptyTelemetry)
})

const today = Date.UTC(...dayBefore(2))

function dayBefore(days: number): [number, number, number] {
  const day = new Date(Date.now() - days * 86_400_000)
  return [day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()]
}

/** The tables that differ from a recount of the samples. */
async function differing(): Promise<string[]> {
  const tables = await Promise.all(
    (['1m', '1h', '1d'] as const).map(async (table) => {
      const pair = [await aggregated(environment, table), await recounted(environment, table)]
      return new Set(pair.map((rows) => JSON.stringify(rows))).size === 1 ? [] : [table]
    }),
  )
  return tables.flat()
}

const pointsOf = (
  uid: string,
  values: readonly (readonly [minute: number, value: number])[],
  metric = 'water_total',
) =>
  values.map(([minute, value]): SentSample => ({ nodeUid: uid, metric, ts: today + minute * 60_000, value }))

async function increases(table: '1m' | '1h' | '1d'): Promise<number[]> {
  const order = { '1m': 'minute', '1h': 'hour', '1d': 'day' }[table]
  const { rows } = await admin.query(`select increase from fleet.telemetry_${table} order by ${order}`)
  return rows.map(({ increase }) => Number(increase))
}

describe('hours and days', () => {
  it.each(['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Kathmandu', 'America/St_Johns'])(
    'equal a recount of the samples in %s, also after late ones',
    async (timezone) => {
      const { uid } = await givenNode(environment, { timezone })
      const sender = senderOf(environment)
      const quarterly = Array.from({ length: 192 }, (_, at) => [at * 7.5, 6 + (at % 8) / 8] as const)
      await sender.store(pointsOf(uid, quarterly, 'ph'))
      await fold(environment)
      expect(await differing()).toEqual([])
      await sender.store(
        pointsOf(
          uid,
          [
            [3.2, 5.5],
            [400.4, 7.5],
            [1_439.9, 5.25],
          ],
          'ph',
        ),
      )
      await fold(environment)
      expect(await differing()).toEqual([])
    },
  )

  it('are computed again only where a minute changed', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    await sender.store(
      pointsOf(
        uid,
        Array.from({ length: 100 }, (_, at) => [at * 10, 6] as const),
        'ph',
      ),
    )
    await fold(environment)
    const versions = async () =>
      (await admin.query('select xmin::text from fleet.telemetry_1h order by hour')).rows.map(
        ({ xmin }) => xmin,
      )
    const before = await versions()
    await sender.store(pointsOf(uid, [[5, 6]], 'ph'))
    await fold(environment)
    const after = await versions()
    expect(after.filter((xmin, at) => xmin !== before[at])).toHaveLength(1)
    expect((await admin.query('select 1 from fleet.telemetry_1m where not folded')).rows).toEqual([])
    expect((await admin.query('select 1 from fleet.telemetry_1h where not folded')).rows).toEqual([])
  })

  it('of many changed minutes are computed in portions, until none is left or the time is over', async () => {
    const { uid } = await givenNode(environment)
    await senderOf(environment).store(
      pointsOf(
        uid,
        Array.from({ length: 12 }, (_, at) => [at * 20, 6] as const),
        'ph',
      ),
    )
    const unfolded = async () =>
      (await admin.query('select 1 from fleet.telemetry_1m where not folded')).rows.length
    expect(await foldWithin(environment, { mostMinutes: 5, runMs: 0 })).toMatchObject({
      detail: { minutes: 5, portions: 1, more: true },
    })
    expect(await unfolded()).toBe(7)
    expect(await foldWithin(environment, { mostMinutes: 5, runMs: 3_600_000 })).toMatchObject({
      detail: { minutes: 7, portions: 2, more: false },
    })
    expect(await differing()).toEqual([])
  })

  it('lose no sample that is stored while they are computed', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    await sender.store(pointsOf(uid, [[1, 6]], 'ph'))
    // A consumer has the minute locked, so the fold waits for it with an older snapshot.
    const consumer = await environment.database.connect()
    await consumer.query('begin')
    await consumer.query('select 1 from fleet.telemetry_1m for update')
    const folding = fold(environment)
    await untilWaiting(environment.database, 1)
    await consumer.query(
      `with stored as (
         insert into fleet.telemetry_samples (node_id, metric_id, channel, ts, value, raw, quality, received_at)
         select node_id, metric_id, channel, ts + interval '1 second', 7, 7, 'good', received_at from fleet.telemetry_samples
         returning ts
       )
       update fleet.telemetry_1m set n = n + 1, sum = sum + 7, max = 7, last = 7, last_ts = (select ts from stored), folded = false`,
    )
    await consumer.query('commit')
    await folding
    await fold(environment)
    expect(await differing()).toEqual([])
  })
})

describe('a counter', () => {
  it.each([
    ['a small fall is noise', [215.7, 215.6], [0, 0]],
    ['a fall to zero is a new beginning', [34.06, 0, 0.5], [0, 0, 0.5]],
    ['a large fall is a new beginning', [100, 30, 31], [0, 30, 1]],
    ['it rises', [1, 3, 3, 10], [0, 2, 0, 7]],
  ])('%s', async (_what, values, expected) => {
    const { uid } = await givenNode(environment)
    await senderOf(environment).store(
      pointsOf(
        uid,
        values.map((value, at) => [at, value] as const),
      ),
    )
    await fold(environment)
    expect(await increases('1m')).toEqual(expected)
    const sum = expected.reduce((total, one) => total + one, 0)
    expect([await increases('1h'), await increases('1d')]).toEqual([[sum], [sum]])
  })

  it('that falls with a new boot began anew, however small the fall is', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    await sender.store(pointsOf(uid, [[0, 215.7]]), { bootId: 'one', seq: 0 })
    await sender.store(pointsOf(uid, [[1, 215.6]]), { bootId: 'two', seq: 0 })
    await fold(environment)
    expect(await increases('1m')).toEqual([0, 215.6])
  })

  it('counts a late sample once, in its minute and in the one after it', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    await sender.store(
      pointsOf(uid, [
        [0, 10],
        [90, 40],
      ]),
    )
    await fold(environment)
    expect(await increases('1h')).toEqual([0, 30])
    await sender.store(pointsOf(uid, [[30, 25]]))
    await fold(environment)
    expect([await increases('1m'), await increases('1h'), await increases('1d')]).toEqual([
      [0, 15, 15],
      [15, 15],
      [30],
    ])
  })
})

describe('retention', () => {
  it('drops a day only when its minutes are folded', async () => {
    const { uid, id } = await givenNode(environment)
    await senderOf(environment).store(pointsOf(uid, [[1, 6]], 'ph'))
    await admin.query(`
      create table fleet.telemetry_1m_20260101 partition of fleet.telemetry_1m for values from ('2026-01-01Z') to ('2026-01-02Z')`)
    await admin.query(`
      insert into fleet.telemetry_1m (node_id, metric_id, channel, minute, n, sum, min, max, last, last_ts)
      values (${id}, 1, '', '2026-01-01T10:00Z', 1, 6, 6, 6, 6, '2026-01-01T10:00Z')`)
    const kept = async () =>
      (await admin.query(`select waiting from core.keep_partitions() where relation = 'fleet.telemetry_1m'`))
        .rows[0].waiting
    const exists = async () =>
      (await admin.query(`select to_regclass('fleet.telemetry_1m_20260101') is not null as found`)).rows[0]
        .found
    expect([await kept(), await exists()]).toEqual([1, true])
    await admin.query(`update fleet.telemetry_1m set folded = true where minute = '2026-01-01T10:00Z'`)
    expect([await kept(), await exists()]).toEqual([0, false])
  })
})

describe('a calibration', () => {
  const hourly = (uid: string) =>
    pointsOf(
      uid,
      Array.from({ length: 24 }, (_, hour) => [hour * 60, 6] as const),
      'ph',
    )
  const calibrated = (id: number, hour: number, gain: number) =>
    admin.query(
      `with ended as (delete from fleet.calibrations where node_id = $1 and from_at > $2)
       insert into fleet.calibrations (node_id, metric_id, channel, from_at, tenant_id, gain, shift, created_at)
       values ($1, (select id from fleet.metrics where name = 'ph'), '', $2, 1, $3, 0, now() - interval '1 minute')`,
      [id, new Date(today + hour * 3_600_000), gain],
    )
  const values = async () =>
    (await admin.query('select value, raw from fleet.telemetry_samples order by ts')).rows as {
      value: number
      raw: number
    }[]

  it('from noon keeps the raw values and what was before; from nine it calculates the day anew', async () => {
    const { uid, id } = await givenNode(environment)
    const sender = senderOf(environment)
    await calibrated(id, 12, 1.25)
    await sender.store(hourly(uid))
    await fold(environment)
    expect((await values()).map(({ value }) => value)).toEqual(
      Array.from({ length: 24 }, (_, hour) => (hour < 12 ? 6 : 7.5)),
    )
    await calibrated(id, 9, 1.5)
    await fold(environment)
    expect((await values()).map(({ value }) => value)).toEqual(
      Array.from({ length: 24 }, (_, hour) => (hour < 9 ? 6 : 9)),
    )
    expect(new Set((await values()).map(({ raw }) => raw))).toEqual(new Set([6]))
    expect((await admin.query('select value from fleet.telemetry_last')).rows).toEqual([{ value: 9 }])
    expect(await differing()).toEqual([])
  })

  it('that begins or ends within a minute keeps the other samples of that minute', async () => {
    const { uid, id } = await givenNode(environment)
    await senderOf(environment).store(
      pointsOf(
        uid,
        Array.from({ length: 240 }, (_, at) => [at / 4, 6] as const),
        'ph',
      ),
    )
    await calibrated(id, 0.508, 1.5)
    await fold(environment)
    expect(await differing()).toEqual([])
    expect(new Set((await values()).map(({ value }) => value))).toEqual(new Set([6, 9]))
  })

  it('waits until the statements that began before it have ended', async () => {
    const { uid, id } = await givenNode(environment)
    await senderOf(environment).store(pointsOf(uid, [[1, 6]], 'ph'))
    await calibrated(id, 0, 1.5)
    await admin.query('update fleet.calibrations set created_at = now()')
    await fold(environment)
    expect(await values()).toEqual([{ value: 6, raw: 6 }])
  })

  it('of many samples is calculated in parts, and the fold goes on before the last one', async () => {
    const { uid, id } = await givenNode(environment)
    const other = await givenNode(environment)
    const sender = senderOf(environment)
    await sender.store(hourly(uid))
    await sender.store(
      pointsOf(
        uid,
        Array.from({ length: 8 }, (_, at) => [120 + at / 10, 6] as const),
        'ph',
      ),
    )
    await fold(environment)
    await calibrated(id, 0.508, 1.5)
    // Postgres keeps microseconds, and the caller may have sent some.
    await admin.query(`update fleet.calibrations set from_at = from_at + interval '1 microsecond'`)
    const parts: unknown[] = []
    for (const mostMinutes of [3, 100, 3]) {
      const run = await recalculateWithin(environment, { mostSamples: 5, mostMinutes })
      parts.push(run.ran && [run.rows, run.detail])
    }
    // A part ends before the minute of its sixth sample, and a minute is never divided.
    expect(parts).toEqual([1, 8, 3].map((rows) => [rows, { parts: 1, more: true }]))
    await sender.store(pointsOf(other.uid, [[1, 6]], 'ph'))
    await runFleetJob(environment, 'fleet-fold')
    expect((await admin.query('select 1 from fleet.telemetry_1m where not folded')).rows).toEqual([])
    expect(await differing()).toEqual([])
    const calculated = async () => (await values()).filter(({ value, raw }) => value !== raw).length
    expect(await calculated()).toBe(12)
    await fold(environment)
    expect(await calculated()).toBe(30)
    expect((await admin.query('select applied_at is not null as done from fleet.calibrations')).rows).toEqual(
      [{ done: true }],
    )
    expect(await differing()).toEqual([])
  })

  it('lets a value out of the range of its metric be refused', async () => {
    const { uid, id } = await givenNode(environment)
    await calibrated(id, 0, 3)
    await senderOf(environment).store(pointsOf(uid, [[1, 6]], 'ph'))
    expect((await admin.query('select reason from fleet.telemetry_rejects')).rows).toEqual([
      { reason: 'out_of_range' },
    ])
  })
})

it('stores nothing twice when one message comes to two consumers', async () => {
  const { uid } = await givenNode(environment)
  const sender = senderOf(environment)
  await sender.send({
    samples: pointsOf(
      uid,
      Array.from({ length: 50 }, (_, at) => [at, 6] as const),
      'ph',
    ),
  })
  await Promise.all([1, 2, 3].map(() => storeMessages(environment, sender.held.messages)))
  await fold(environment)
  expect(await differing()).toEqual([])
  expect((await admin.query('select sum(n)::int as n from fleet.telemetry_1d')).rows).toEqual([{ n: 50 }])
})
