import { beforeEach, describe, expect, it } from 'vitest'
import { readGauges } from '../../../functions/fleet/cycles/read-gauges.ts'
import { rateAt, thin } from '../../../functions/fleet/telemetry/thin-samples.ts'
import { freshEnvironment } from '../../core/environment.ts'
import {
  countedOf,
  emptyTelemetry,
  givenNode,
  runFleetJob,
  senderOf,
  storeMessages,
} from '../support/samples.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
beforeEach(async () => {
  await admin.query(emptyTelemetry)
})

const ofPriority = { low: 'light', normal: 'co2', high: 'ph' }

function samplesOf(uid: string, count: number, from = Date.now() - 500_000) {
  return Object.values(ofPriority).flatMap((metric) =>
    Array.from({ length: count }, (_, at) => ({ nodeUid: uid, metric, ts: from + at * 1_000, value: 6 })),
  )
}

async function storedByPriority(): Promise<Record<string, number>> {
  const { rows } = await admin.query(
    `select m.priority, count(*)::int as n from fleet.telemetry_samples s
     join fleet.metrics m on m.id = s.metric_id group by 1`,
  )
  return Object.fromEntries(rows.map(({ priority, n }) => [priority, n]))
}

describe('near the limit of the backlog', () => {
  it.each([
    [90, { low: 100, normal: 100, high: 100 }],
    [91, { low: 50, normal: 100, high: 100 }],
    [96, { low: 20, normal: 50, high: 100 }],
  ])('at %i %% samples of low priority go first, each counted and answered', async (percent, kept) => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment, undefined, { backlog: 100 })
    sender.held.backlog = percent
    const { received, thinned } = await sender.store(samplesOf(uid, 100))
    const keptSum = kept.low + kept.normal + kept.high
    expect({ received, thinned }).toEqual({ received: 300, thinned: 300 - keptSum })
    expect(await storedByPriority()).toEqual(kept)
    expect(await countedOf(environment)).toMatchObject({
      received: 300,
      accepted: keptSum,
      thinned: 300 - keptSum,
    })
  })

  it('the same samples are thinned when a batch is sent again', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment, undefined, { backlog: 100 })
    sender.held.backlog = 96
    const samples = samplesOf(uid, 100)
    await sender.store(samples)
    const before = await storedByPriority()
    // A lot would keep the same samples once in ten times.
    for (let again = 0; again < 10; again += 1) await sender.store(samples)
    expect(await storedByPriority()).toEqual(before)
  })
})

describe('a series with one sample per batch', () => {
  it.each([1, 5, 10, 13, 55, 60, 300])('that comes every %i s keeps its share, with no long gap', (every) => {
    const rate = rateAt(0.96)
    const kept = Array.from({ length: 2_000 }, (_, at) => {
      const sample = {
        nodeUid: 'nd-1',
        metric: 'light',
        channel: '',
        tsMs: 1_790_000_000_000 + at * every * 1_000,
      }
      return rate === null ? 0 : thin([sample], rate, () => 'low').kept.length
    })
    expect(kept.filter((one) => one === 1).length).toBeGreaterThan(320)
    expect(kept.filter((one) => one === 1).length).toBeLessThan(480)
    expect(
      Math.max(
        ...kept
          .join('')
          .split('1')
          .map(({ length }) => length),
      ),
    ).toBeLessThan(60)
  })
})

describe('at five times the load that the queue takes', () => {
  it('each sample is stored, thinned or refused with 429, and counted', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment, undefined, { backlog: 40 })
    const sums = { answered: 0, refused: 0, thinned: 0 }
    const codes = new Set<unknown>()
    const dropped: Record<string, number> = {}
    sender.ctx.metrics.count = (name, labels, by = 1) => {
      if (name !== 'telemetry_queue_dropped_total') return
      const { reason = '' } = labels as { reason?: string }
      dropped[reason] = (dropped[reason] ?? 0) + by
    }
    let now = Date.now()
    sender.ctx.now = () => new Date(now)
    const started = now
    for (let at = 0; at < 100; at += 1) {
      // The backlog is read once a second.
      now += 1_001
      sender.held.backlog = sender.held.messages.length
      const samples = samplesOf(uid, 4, started - 400_000 + at * 4_000)
      const [sent] = await Promise.allSettled([sender.send({ samples })])
      if (sent.status === 'fulfilled') {
        sums.answered += sent.value.received
        sums.thinned += sent.value.thinned
      } else {
        codes.add(sent.reason.code)
        sums.refused += samples.length
      }
      // The consumer stores one message for five that come.
      if (at % 5 === 4) await storeMessages(environment, sender.held.messages.splice(0, 1))
    }
    await sender.deliver()
    await Promise.all(sender.waited)
    expect(codes).toEqual(new Set(['rate_limited']))
    const { answered, refused, thinned } = sums
    expect(Math.min(refused, thinned)).toBeGreaterThan(0)
    expect(dropped).toEqual({ refused, thinned })
    const counted = await countedOf(environment)
    expect(counted).toMatchObject({ received: answered, thinned, refused })
  })

  it('the messages that wait are a gauge, and an unknown number is left out', async () => {
    const sender = senderOf(environment)
    sender.held.backlog = 7
    const gauge = { name: 'telemetry_queue_size', label: null, value: 7 }
    expect(await readGauges(sender.ctx)).toContainEqual(gauge)
    const names = (await readGauges(environment.ctx())).map(({ name }) => name)
    expect(names).not.toContain('telemetry_queue_size')
  })

  it('an alert about the full queue is counted once, by the job that opens it', async () => {
    await admin.query('truncate fleet.alerts, fleet.telemetry_minutes')
    await admin.query(`insert into fleet.telemetry_minutes (tenant_id, minute, refused)
      values (1, date_trunc('minute', now()), 5)`)
    const ctx = environment.ctx()
    const counted: [string, number][] = []
    ctx.metrics.count = (name, _labels, by = 1) => void counted.push([name, by])
    for (let minute = 0; minute < 3; minute += 1) await runFleetJob(environment, 'fleet-alerts', ctx)
    expect(counted.filter(([name]) => name === 'telemetry_queue_overflow_alerts_total')).toEqual([
      ['telemetry_queue_overflow_alerts_total', 1],
    ])
  })

  it('refuses whole batches when the queue is full', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment, undefined, { backlog: 10 })
    sender.held.backlog = 10
    const sent = await Promise.allSettled(
      Array.from({ length: 20 }, () => sender.send({ samples: samplesOf(uid, 10) })),
    )
    expect(sent.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 'rejected'))
    await Promise.all(sender.waited)
    expect(await countedOf(environment)).toMatchObject({ received: 0, refused: 600 })
  })

  it('keeps the counts while Postgres is away', async () => {
    const { uid } = await givenNode(environment)
    const sender = senderOf(environment, undefined, { backlog: 10 })
    sender.held.backlog = 10
    environment.proxy.faults.set({ blackhole: 0, reset: 1 })
    await sender.send({ samples: samplesOf(uid, 1) }).catch(() => undefined)
    await Promise.allSettled(sender.waited)
    environment.proxy.faults.clear()
    await sender.send({ samples: samplesOf(uid, 1) }).catch(() => undefined)
    await Promise.allSettled(sender.waited)
    expect(await countedOf(environment)).toMatchObject({ refused: 6 })
  })
})
