import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { consume } from '../../../functions/core/consume.ts'
import type { Ctx } from '../../../functions/core/context.ts'
import type { Message } from '../../../functions/core/ingest-message.ts'
import { telemetryQueue } from '../../../functions/fleet/queue.ts'
import { type Environment, freshEnvironment } from '../../core/environment.ts'
import { shuffled } from '../../core/probe/isolate.ts'
import { defectiveDb } from '../../support/defective-db.ts'
import {
  aggregated,
  countedOf,
  emptyTelemetry,
  fold,
  givenNode,
  recounted,
  type SentSample,
  senderOf,
} from '../support/samples.ts'

const environment = await freshEnvironment()
const broken = await freshEnvironment()

/** Nodes 0 to 2 are known, 3 belongs to another tenant, and nobody knows 4. */
async function nodesOf(one: Environment): Promise<string[]> {
  const known = await Promise.all([0, 1, 2].map(() => givenNode(one, { timezone: 'Asia/Kolkata' })))
  const foreign = await givenNode(one, { tenantId: 2 })
  return [...known.map(({ uid }) => uid), foreign.uid, 'nd-ph-nobody']
}

const uids = await nodesOf(environment)
const brokenUids = await nodesOf(broken)

/** Quarters add up exactly in any order. Some values are out of range, some times out of the window. */
const sample = fc.record({
  node: fc.constantFrom(0, 0, 1, 2, 3, 4),
  metric: fc.constantFrom('ph', 'co2', 'water_total', 'taste'),
  channel: fc.constantFrom('', 'a'),
  second: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 40 }).map((at) => at * 45) },
    { weight: 1, arbitrary: fc.constantFrom(-600, 40 * 86_400, 3_600) },
  ),
  quarter: fc.integer({ min: 0, max: 60 }),
  broken: fc.constantFrom(null, null, null, null, null, 'value', 'ts'),
})
const batch = fc.record({
  samples: fc.array(sample, { minLength: 1, maxLength: 25 }),
  reboot: fc.boolean(),
  numbered: fc.boolean(),
})
type History = (typeof batch extends fc.Arbitrary<infer T> ? T : never)[]
const history = fc.array(batch, { minLength: 1, maxLength: 12 })

type Sent = { messages: Message[]; samples: number; keys: Set<string> }

async function sent(
  one: Environment,
  batches: History,
  { names, now }: { names: string[]; now: number },
): Promise<Sent> {
  const sender = senderOf(one, undefined, { now: () => new Date(now) })
  const keys = new Set<string>()
  let [samples, boot, seq] = [0, 0, 0]
  for (const { samples: drawn, reboot, numbered } of batches) {
    if (reboot) [boot, seq] = [boot + 1, 0]
    const wire = drawn.map((one): SentSample => {
      const [ts, value] = [now - one.second * 1_000, one.quarter / 4]
      const isGood =
        one.node < 3 &&
        one.metric !== 'taste' &&
        one.broken === null &&
        one.second >= 0 &&
        one.second < 30 * 86_400
      if (isGood && (one.metric !== 'ph' || value <= 14))
        keys.add(`${one.node}/${one.metric}/${one.channel}/${ts}`)
      return {
        nodeUid: names[one.node],
        metric: one.metric,
        ...(one.channel === '' ? {} : { channel: one.channel }),
        ts: one.broken === 'ts' ? 'soon' : ts,
        value: one.broken === 'value' ? null : value,
      }
    })
    await sender.send({ samples: wire, ...(numbered ? { bootId: `boot-${boot}`, seq } : {}) })
    seq += 1
    samples += wire.length
  }
  return { messages: sender.held.messages, samples, keys }
}

/** Delivers all until each is acknowledged, some of them twice, with three consumers at once. */
async function delivered(ctx: () => Ctx, messages: readonly Message[], seed: number): Promise<void> {
  let random = seed
  const next = () => {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648
    return random / 2_147_483_648
  }
  const twice = messages.filter(() => next() < 0.3)
  let left = shuffled([...messages, ...twice], next).map((body, at) => ({ id: `m-${at}`, body, attempts: 1 }))
  while (left.length > 0) {
    const size = 1 + Math.floor(next() * 6)
    const batches = Array.from({ length: Math.ceil(left.length / size) }, (_, at) =>
      left.slice(at * size, (at + 1) * size),
    ).values()
    const again: typeof left = []
    const consumer = async () => {
      for (const some of batches) {
        const fates = await consume(ctx(), telemetryQueue, some)
        again.push(...some.filter((_, at) => fates[at] !== 'done'))
      }
    }
    await Promise.all([consumer(), consumer(), consumer()])
    left = again
  }
}

/** The sentences that do not hold. */
async function faultsOf(one: Environment, { samples, keys }: Sent): Promise<string[]> {
  const { admin } = one.database
  const faults: string[] = []
  const check = (holds: boolean, what: string) => {
    if (!holds) faults.push(what)
  }
  const { received, accepted, late, duplicate, rejected, thinned } = await countedOf(one)
  check(received === samples, 'received is the number of samples')
  check(received === accepted + late + duplicate + rejected + thinned, 'the equation of the minutes')
  const count = async (text: string): Promise<number> =>
    Number((await admin.query(`select (${text}) as n`)).rows[0].n)
  const core = await count(
    `select coalesce(sum(stored + duplicate + rejected), 0) from core.ingest_minutes where stream = 'telemetry'`,
  )
  check(core === samples, 'core counts as fleet does')
  const stored = await count('select count(*) from fleet.telemetry_samples')
  check(stored === accepted + late, 'accepted and late ones are stored')
  check(stored === keys.size, 'each key of a good sample is stored once')
  check((await count('select count(*) from fleet.telemetry_rejects')) === rejected, 'each reject has its row')
  const wrongLast = await count(`
    select count(*) from (
      select node_id, metric_id, channel, max(ts) as ts from fleet.telemetry_samples group by 1, 2, 3
    ) s full join fleet.telemetry_last l using (node_id, metric_id, channel, ts) where s.ts is null or l.value is null`)
  check(wrongLast === 0, 'the last value is that of the newest time')
  const wrongValue = await count(`
    select count(*) from fleet.telemetry_last l join fleet.telemetry_samples s using (node_id, metric_id, channel, ts)
    where l.value <> s.value`)
  check(wrongValue === 0, 'the last value is the stored one')
  await fold(one)
  for (const table of ['1m', '1h', '1d'] as const)
    check(
      JSON.stringify(await aggregated(one, table)) === JSON.stringify(await recounted(one, table)),
      `${table} equals a recount`,
    )
  return faults
}

const now = Date.now()

describe('random batches', () => {
  it('are accounted for exactly, whatever comes twice, late, shuffled or with a consumer that is killed', async () => {
    const { faults } = environment.proxy
    onTestFinished(() => faults.clear())
    const met = new Set<string>()
    await fc.assert(
      fc.asyncProperty(history, fc.nat(), async (batches, seed) => {
        await environment.database.admin.query(emptyTelemetry)
        const all = await sent(environment, batches, { names: uids, now })
        faults.seed(seed)
        faults.set({ reset: 0.1, cutDuring: 0.1, cutAfterCommit: 0.1, match: 'fleet.store' })
        await delivered(() => environment.ctx(), all.messages, seed)
        for (const [fault, times] of Object.entries(faults.counts)) if (times > 0) met.add(fault)
        faults.clear()
        expect(await faultsOf(environment, all)).toEqual([])
      }),
      { numRuns: 30 },
    )
    expect(met).toEqual(new Set(['reset', 'cutDuring', 'cutAfterCommit']))
  })
})

describe('the check of that, a negative control', () => {
  /** The node's newest value comes first, and everything comes twice. */
  const batches = (): History =>
    [0, 45, 90].map((second) => ({
      samples: [0, 1].map((node) => ({
        node,
        metric: 'co2',
        channel: '',
        second,
        quarter: 40 + second,
        broken: null,
      })) as never,
      reboot: false,
      numbered: false,
    }))

  async function foundWith(defect: (text: string) => string): Promise<string[]> {
    await broken.database.admin.query(emptyTelemetry)
    const db = defectiveDb(broken.database, { max: 3, defect, settings: { 'app.tenant_id': '*' } })
    const all = await sent(broken, batches(), { names: brokenUids, now })
    const ctx = () => Object.assign(broken.ctx(), { db })
    // In this order, one after the other, and then all again.
    for (const body of [...all.messages, ...all.messages])
      await consume(ctx(), telemetryQueue, [{ id: 'm', body, attempts: 1 }])
    return faultsOf(broken, all)
  }

  const without = (text: string) => (statement: string) => {
    const changed = statement.replace(text, '')
    if (statement.includes('telemetry_samples as t') && changed === statement)
      throw new Error('The defect is nowhere')
    return changed
  }

  it('finds nothing in the statement as it is', async () => {
    expect(await foundWith((text) => text)).toEqual([])
  })

  it('finds a last value that is the one of the last arrival', async () => {
    expect(await foundWith(without('where excluded.ts > t.ts\n'))).toContain(
      'the last value is that of the newest time',
    )
  })

  it('finds messages that are counted for each delivery, when their key is not unique', async () => {
    await broken.database.admin.query(`
      alter table core.ingest_messages drop constraint ingest_messages_stream_source_n_pk;
      alter table core.ingest_sources drop constraint ingest_sources_total`)
    expect(await foundWith((text) => text)).toContain('received is the number of samples')
    const found = await foundWith(without('is_new = 1\n    and '))
    expect(found).toContain('1m equals a recount')
  })
})
