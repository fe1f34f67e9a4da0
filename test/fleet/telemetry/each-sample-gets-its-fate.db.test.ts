import { beforeEach, describe, expect, it } from 'vitest'
import { replayRejects } from '../../../functions/fleet/telemetry/replay-rejects.ts'
import { readBody } from '../../../functions/http/body.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { countedOf, emptyTelemetry, givenNode, type SentSample, senderOf } from '../support/samples.ts'

const environment = await freshEnvironment()
const { admin } = environment.database

beforeEach(async () => {
  await admin.query(emptyTelemetry)
})

const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString()

async function stored(uid: string) {
  const { rows } = await admin.query(
    `select m.name as metric, s.channel, s.ts, s.value, s.raw, s.quality, s.conflicts
     from fleet.telemetry_samples s join fleet.metrics m on m.id = s.metric_id
     join fleet.nodes n on n.id = s.node_id where n.uid = $1 order by s.ts`,
    [uid],
  )
  return rows
}

async function lastOf(uid: string) {
  const { rows } = await admin.query(
    `select l.value, l.ts, l.quality from fleet.telemetry_last l join fleet.nodes n on n.id = l.node_id where n.uid = $1`,
    [uid],
  )
  return rows[0]
}

async function rejectsOf(uid: string): Promise<string[]> {
  const { rows } = await admin.query(
    'select reason from fleet.telemetry_rejects where node_uid = $1 order by id',
    [uid],
  )
  return rows.map(({ reason }) => reason)
}

describe('a sample', () => {
  it('is refused as not a number when it is nan, infinite, too large, null or text; the others are stored', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    const values = ['nan', '-inf', '1e400', 'null', '"6.1"', '-0', '6.1']
    const samples = values.map(
      (value, at) => `{"nodeUid":"${uid}","metric":"ph","ts":"${ago(60 - at)}","value":${value}}`,
    )
    const request = new Request('http://localhost', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"samples":[${samples.join(',')}]}`,
    })
    const accepted = {
      bodyLimitBytes: 10_000,
      packed: false,
      lines: null,
      items: 'samples',
      bareNumbers: true,
      formFields: false,
    }
    const body = (await readBody(request, accepted)) as { samples: SentSample[] }
    const { rejected } = await sender.store(body.samples)
    expect(rejected).toEqual([0, 1, 2, 3, 4].map((index) => ({ index, reason: 'not_a_number' })))
    const [zero, good] = await stored(uid)
    expect([Object.is(zero.value, 0), good.value]).toEqual([true, 6.1])
    expect(await rejectsOf(uid)).toEqual(Array.from({ length: 5 }, () => 'not_a_number'))
  })

  it.each([
    ['of 1970 after a reboot', '1970-01-01T00:00:09Z', 'clock_unset'],
    ['an hour ahead', ago(-3_600), 'in_future'],
    ['31 days old', ago(31 * 86_400), 'too_old'],
    ['of the year 145 million', '+145000000-01-01T00:00:00Z', 'in_future'],
    ['in microseconds', Date.now() * 1_000, 'in_future'],
    ['without a time', undefined, 'ts_missing'],
    ['with a time that is none', 'yesterday', 'malformed'],
  ])('%s is refused by its time, and makes no partition', async (_what, ts, reason) => {
    const { uid } = await givenNode(environment)
    const partitions = async () =>
      (
        await admin.query(
          `select count(*)::int as n from pg_inherits where inhparent = 'fleet.telemetry_samples'::regclass`,
        )
      ).rows[0].n
    await senderOf(environment).store([{ nodeUid: uid, metric: 'ph', ts: ago(1), value: 7 }])
    const before = await partitions()
    const { rejected } = await senderOf(environment).store([{ nodeUid: uid, metric: 'ph', ts, value: 6 }])
    expect(rejected).toEqual([{ index: 0, reason }])
    expect(await rejectsOf(uid)).toEqual([reason])
    expect(await partitions()).toBe(before)
  })

  it('is refused by the clock of Postgres when the clock of the Worker is wrong', async () => {
    const { uid } = await givenNode(environment)
    const late = senderOf(environment, undefined, { now: () => new Date(Date.now() + 3_600_000) })
    const { rejected } = await late.store([{ nodeUid: uid, metric: 'ph', ts: ago(-3_500), value: 6 }])
    expect(rejected).toEqual([])
    expect(await rejectsOf(uid)).toEqual(['in_future'])
  })

  it('without a time has the time of receipt, if its batch is numbered', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    const before = Date.now()
    await sender.store([{ nodeUid: uid, metric: 'ph', value: 6 }], { bootId: 'b', seq: 0 })
    const [{ ts }] = await stored(uid)
    expect(ts.getTime()).toBeGreaterThanOrEqual(before)
    expect(ts.getTime()).toBeLessThanOrEqual(Date.now())
  })

  it('without a time is a duplicate when its numbered batch comes again', async () => {
    const { uid } = await givenNode(environment)
    let now = Date.now() - 1_000
    const sender = senderOf(environment, undefined, { now: () => new Date(now) })
    const batch = [
      { nodeUid: uid, metric: 'ph', value: 6 },
      { nodeUid: uid, metric: 'ph', ts: ago(30), value: 6.1 },
    ]
    for (const seq of [0, 0, 1]) {
      await sender.store(batch, { bootId: 'b', seq })
      now += 5
    }
    expect(await countedOf(environment)).toMatchObject({
      received: 6,
      accepted: 3,
      duplicate: 3,
      conflicting: 0,
    })
  })

  it.each([
    ['72 F', 'temperature', 72, 'F', 22.2222],
    ['℃', 'temperature', 21.5, '℃', 21.5],
    ['°C', 'temperature', 21.5, '°C', 21.5],
    ['g/m^3', 'absolute_humidity', 9.5, 'g/m^3', 9.5],
    ['g/m³', 'absolute_humidity', 9.5, 'g/m³', 9.5],
  ])('in %s is stored in the unit of its metric', async (_what, metric, value, unit, expected) => {
    const { uid } = await givenNode(environment)
    await senderOf(environment).store([{ nodeUid: uid, metric, ts: ago(1), value, unit }])
    const [sample] = await stored(uid)
    expect(sample.value).toBeCloseTo(expected, 4)
  })

  it('in bar is no pH', async () => {
    const { uid } = await givenNode(environment)
    await senderOf(environment).store([{ nodeUid: uid, metric: 'ph', ts: ago(1), value: 6, unit: 'bar' }])
    expect([await rejectsOf(uid), await stored(uid)]).toEqual([['unit_mismatch'], []])
  })

  it('of pH 15 is out of range', async () => {
    const { uid } = await givenNode(environment)
    await senderOf(environment).store([{ nodeUid: uid, metric: 'ph', ts: ago(1), value: 15 }])
    expect(await rejectsOf(uid)).toEqual(['out_of_range'])
  })

  it('that rises faster than its metric can is suspect, in one batch and in two', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    await sender.store([
      { nodeUid: uid, metric: 'ph', ts: ago(20), value: 6 },
      { nodeUid: uid, metric: 'ph', ts: ago(15), value: 9 },
    ])
    await sender.store([{ nodeUid: uid, metric: 'ph', ts: ago(10), value: 6 }])
    expect((await stored(uid)).map(({ quality }) => quality)).toEqual(['good', 'suspect', 'suspect'])
    expect(await lastOf(uid)).toMatchObject({ value: 6, quality: 'suspect' })
  })

  it('is stuck when its value has not changed for the time of its metric, except at rest', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    const now = Date.now()
    const hours = (metric: string, value: number, from: number, to: number) =>
      Array.from({ length: from - to }, (_, at) => ({
        nodeUid: uid,
        metric,
        ts: now - (from - at) * 3_600_000,
        value,
      }))
    await sender.store(hours('ph', 6, 14, 10))
    await sender.store(hours('ph', 6, 10, 2))
    await sender.store(hours('light', 0, 20, 2))
    const qualities = Object.groupBy(await stored(uid), ({ metric }) => metric)
    expect(qualities['ph']?.map(({ quality }) => quality)).toEqual([
      ...Array.from({ length: 7 }, () => 'good'),
      ...Array.from({ length: 5 }, () => 'stuck'),
    ])
    expect(new Set(qualities['light']?.map(({ quality }) => quality))).toEqual(new Set(['good']))
    await sender.store([{ nodeUid: uid, metric: 'ph', ts: ago(60), value: 6.01 }])
    expect((await stored(uid)).at(-1)?.quality).toBe('good')
  })

  it.each([
    ['of an unknown node', { nodeUid: 'nd-ph-nobody' }, 'unknown_node'],
    ['of an unknown metric', { metric: 'taste' }, 'unknown_metric'],
    ['that no sum holds', { value: 1e300 }, 'out_of_range'],
    ['with an unknown field', { colour: 'red' }, 'malformed'],
    ['with an unstorable text', { channel: 'a\0b' }, 'malformed'],
  ])('%s is refused', async (_what, more, reason) => {
    const { uid } = await givenNode(environment)
    const sample = { nodeUid: uid, metric: 'ph', ts: ago(1), value: 6, ...more }
    await senderOf(environment).store([sample])
    expect(await rejectsOf(sample.nodeUid)).toEqual([reason])
    expect(await countedOf(environment)).toMatchObject({ received: 1, rejected: 1 })
  })

  it('of another tenant’s node is one of an unknown node, and changes nothing', async () => {
    const { uid } = await givenNode(environment, { tenantId: 2 })
    await senderOf(environment).store([{ nodeUid: uid, metric: 'ph', ts: ago(1), value: 6 }])
    expect([await rejectsOf(uid), await stored(uid)]).toEqual([['unknown_node'], []])
    expect((await admin.query('select last_seen_at from fleet.nodes where uid = $1', [uid])).rows[0]).toEqual(
      {
        last_seen_at: null,
      },
    )
    const other = senderOf(environment, { role: 'node', sub: 'nd-ph-own', tenantId: 2, gen: 1 })
    const { rejected } = await other.store([{ nodeUid: uid, metric: 'ph', ts: ago(1), value: 6 }])
    expect(rejected).toEqual([{ index: 0, reason: 'unknown_node' }])
  })

  it('of a decommissioned node is one of an unknown node', async () => {
    const { uid } = await givenNode(environment)
    await admin.query(`update fleet.nodes set lifecycle = 'DECOMMISSIONED' where uid = $1`, [uid])
    await senderOf(environment).store([{ nodeUid: uid, metric: 'ph', ts: ago(1), value: 6 }])
    expect([await rejectsOf(uid), await stored(uid)]).toEqual([['unknown_node'], []])
  })

  it('makes its node active, and shows that the node has its credential', async () => {
    const { uid, id } = await givenNode(environment)
    await admin.query(`update fleet.nodes set lifecycle = 'ASSIGNED_TO_ZONE' where id = $1`, [id])
    const node = senderOf(environment, { role: 'node', sub: uid, tenantId: 1, gen: 1 })
    await node.store([{ nodeUid: uid, metric: 'ph', ts: ago(1), value: 6 }])
    const { rows } = await admin.query(
      'select lifecycle, used_gen, last_seen_at from fleet.nodes where id = $1',
      [id],
    )
    expect(rows).toEqual([{ lifecycle: 'ACTIVE', used_gen: 1, last_seen_at: expect.any(Date) }])
  })

  it('that is measured long before it arrives is late, and stored', async () => {
    const { uid } = await givenNode(environment)
    await senderOf(environment).store([
      { nodeUid: uid, metric: 'ph', ts: ago(300), value: 6 },
      { nodeUid: uid, metric: 'ph', ts: ago(640), value: 6 },
    ])
    expect(await countedOf(environment)).toMatchObject({ received: 2, accepted: 1, late: 1 })
    expect(await stored(uid)).toHaveLength(2)
  })
})

describe('the newest value', () => {
  it('is that of the newest time, in whatever order the samples come', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    const at = (second: number) => ({
      nodeUid: uid,
      metric: 'ph',
      ts: ago(100 - second * 10),
      value: 6 + second / 100,
    })
    await sender.store([at(4), at(1), at(3), at(2)])
    expect(await lastOf(uid)).toMatchObject({ value: 6.04 })
    await sender.store([at(0)])
    expect(await lastOf(uid)).toMatchObject({ value: 6.04 })
    expect((await stored(uid)).map(({ value }) => value)).toEqual([6, 6.01, 6.02, 6.03, 6.04])
  })
})

describe('a sample that comes again', () => {
  it('is a duplicate: 500 after a reboot change no aggregate', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    const samples = Array.from({ length: 500 }, (_, at) => ({
      nodeUid: uid,
      metric: 'ph',
      ts: ago(1_000 - at),
      value: 6 + at / 1_000,
    }))
    const minutes = async () =>
      (await admin.query('select minute, n, sum, min, max, last from fleet.telemetry_1m order by minute'))
        .rows
    await sender.store(samples, { bootId: 'one', seq: 0 })
    const before = await minutes()
    await sender.store(samples, { bootId: 'two', seq: 0 })
    expect(await countedOf(environment)).toMatchObject({ received: 1_000, duplicate: 500, conflicting: 0 })
    expect(await minutes()).toEqual(before)
  })

  it('with another value is a duplicate that conflicts, and the first value stays', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    const ts = ago(10)
    await sender.store([{ nodeUid: uid, metric: 'ph', ts, value: 6 }])
    await sender.store([
      { nodeUid: uid, metric: 'ph', ts, value: 7 },
      { nodeUid: uid, metric: 'ph', ts, value: 7 },
    ])
    expect(await stored(uid)).toMatchObject([{ value: 6, conflicts: 1 }])
    expect(await lastOf(uid)).toMatchObject({ value: 6 })
    expect(await countedOf(environment)).toMatchObject({
      received: 3,
      accepted: 1,
      duplicate: 2,
      conflicting: 1,
    })
  })

  it('of a node whose clock stands still conflicts as often as it likes', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    const ts = ago(10)
    await sender.store([{ nodeUid: uid, metric: 'ph', ts, value: 6 }])
    await admin.query('update fleet.telemetry_samples set conflicts = 32767')
    await sender.store([{ nodeUid: uid, metric: 'ph', ts, value: 7 }])
    expect(await stored(uid)).toMatchObject([{ value: 6, conflicts: 32_767 }])
    expect(await countedOf(environment)).toMatchObject({ received: 2, accepted: 1, duplicate: 1 })
  })
})

describe('a batch of numbers', () => {
  it('names what was lost on the way, by node and boot', async () => {
    const { uid, id } = await givenNode(environment)
    const sender = senderOf(environment)
    for (const seq of [0, 1, 4, 7, 4])
      await sender.store([{ nodeUid: uid, metric: 'ph', ts: ago(60 - seq), value: 6 }], { bootId: 'b', seq })
    const { rows } = await admin.query('select seen::text from fleet.node_boots where node_id = $1', [id])
    expect(rows).toEqual([{ seen: '{[0,2),[4,5),[7,8)}' }])
  })

  const series = (uid: string, count: number, channel = (at: number) => `c${at}`): SentSample[] =>
    Array.from({ length: count }, (_, at) => ({ nodeUid: uid, metric: 'ph', channel: channel(at), value: 6 }))

  it('stores 500 samples without a time once, and takes nothing of a batch with more', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    for (const _ of [1, 2]) await sender.store(series(uid, 500), { bootId: 'b', seq: 0 })
    const counts = { received: 1_000, accepted: 500, duplicate: 500 }
    expect(await countedOf(environment)).toMatchObject(counts)
    for (const tooMany of [series(uid, 501), series(uid, 480, (at) => `${at}`.padEnd(64, 'µ'))]) {
      const timed = { nodeUid: uid, metric: 'ph', ts: ago(5), value: 6 }
      const sending = sender.send({ samples: [timed, ...tooMany], bootId: 'b', seq: 1 })
      await expect(sending).rejects.toMatchObject({ code: 'body_too_large' })
      await sender.deliver()
    }
    expect(await countedOf(environment)).toMatchObject(counts)
  })

  it('travels in messages whose names fit into them, however long they are', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    const samples = Array.from({ length: 1_000 }, (_, at) => ({
      nodeUid: uid,
      metric: `m${at}`.padEnd(64, 'µ'),
      ts: ago(5),
      value: 6,
    }))
    const { rejected } = await sender.send({ samples, bootId: 'b', seq: 0 })
    expect(rejected).toEqual([])
    const bytes = sender.held.messages.map((message) => Buffer.byteLength(JSON.stringify(message)))
    expect(bytes.filter((one) => one > 64_000)).toEqual([])
    expect(bytes.length).toBeLessThan(10)
    await sender.deliver()
    expect(await countedOf(environment)).toMatchObject({ received: 1_000, rejected: 1_000 })
  })

  it('gives a refused sample without a time that of its receipt, also when it is replayed', async () => {
    const { uid } = await givenNode(environment)
    const received = new Date(Date.now() - 3_600_000)
    const sender = senderOf(environment, undefined, { now: () => received })
    await sender.store([{ nodeUid: uid, metric: 'brix', value: 6 }], { bootId: 'b', seq: 0 })
    await admin.query(`insert into fleet.metrics (name, unit) values ('brix', '°Bx')`)
    const { replayed } = await replayRejects(sender.ctx, { nodeUid: uid })
    expect(replayed).toBe(1)
    await sender.deliver()
    expect(await stored(uid)).toMatchObject([{ value: 6, ts: received }])
  })

  it('is replayed although a thousand older ones are still wrong', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment)
    const wrong = Array.from({ length: 1_000 }, () => ({
      nodeUid: uid,
      metric: 'ph',
      ts: ago(5),
      value: 'x',
    }))
    await sender.store(wrong)
    await sender.store([{ nodeUid: uid, metric: 'turbidity', ts: ago(5), value: 6 }])
    await admin.query(`insert into fleet.metrics (name, unit) values ('turbidity', 'NTU')`)
    const { next, ...first } = await replayRejects(sender.ctx, { nodeUid: uid })
    expect({ ...first, rejected: first.rejected.length }).toEqual({ replayed: 0, left: 1, rejected: 1_000 })
    expect(await replayRejects(sender.ctx, { nodeUid: uid, after: next ?? undefined })).toEqual({
      replayed: 1,
      left: 0,
      next: null,
      rejected: [],
    })
    await sender.deliver()
    expect(await stored(uid)).toMatchObject([{ value: 6 }])
  })

  it('counts as arrived when all its samples were refused', async () => {
    const { uid, id } = await givenNode(environment)
    const sender = senderOf(environment)
    await sender.store([{ nodeUid: uid, metric: 'ph', ts: '1970-01-01T00:00:05Z', value: 6 }], {
      bootId: 'b',
      seq: 0,
    })
    await sender.store([{ nodeUid: uid, metric: 'ph', ts: ago(5), value: 6 }], { bootId: 'b', seq: 1 })
    const { rows } = await admin.query('select seen::text from fleet.node_boots where node_id = $1', [id])
    expect(rows).toEqual([{ seen: '{[0,2)}' }])
  })
})
