import { setTimeout as pause } from 'node:timers/promises'
import { createQueueFaults } from '../../dev/system/queue-faults.ts'
import type { Measurement } from '../measurement.ts'
import { mustBe, quantile } from '../method.ts'
import type { BenchDatabase, BenchWorker } from '../rig.ts'
import { led } from './follow.ts'
import { givenCampaign } from './given.ts'

const visitorsPerSecond = 100
/** The longest pause of the queue and of Spill after an outage of a minute is a minute and a half. */
const longestWaitMs = 300_000

/**
 * Visitors come before, during and after a minute without the queue, and one without Postgres. No redirect may fail, and
 * each click that was answered must be stored once or named as missing.
 */
export const outage: Measurement = async (rig, { seconds }) => {
  const database = await rig.database()
  await givenCampaign(database.owner, 'bench')
  const queueFaults = createQueueFaults()
  const worker = await rig.worker(database, { queueFaults })
  const link = `${worker.url}/c/bench`
  await led(link)
  const outages = {
    'the queue refuses': { begin: () => queueFaults.set({ refuse: 1 }), end: () => queueFaults.clear() },
    'Postgres is away': { begin: () => worker.faults.set({ refuse: 1 }), end: () => worker.faults.clear() },
  }
  const answered: string[] = []
  for (const [name, { begin, end }] of Object.entries(outages)) {
    const phases = { before: await visit(link, 2 * seconds) }
    begin()
    const during = await visit(link, 30 * seconds)
    end()
    const all = Object.entries({ ...phases, during, after: await visit(link, 2 * seconds) })
    const ended = performance.now()
    answered.push(...all.flatMap(([, { ids }]) => ids))
    const account = await whenAccounted(worker, answered.length)
    await checkStored(database, answered, account.missing)
    console.log(`\nclicks while ${name} for ${30 * seconds} s, ${visitorsPerSecond} visitors a second`)
    for (const [phase, { ids, failed, latenciesMs }] of all) {
      const at = (share: number) => quantile(latenciesMs, share).toFixed(1)
      console.log(
        `  ${phase.padEnd(8)} ${ids.length} redirects, ${failed} failed, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`,
      )
    }
    const settled = Math.round((performance.now() - ended) / 1000)
    console.log(`  all clicks are stored or named ${settled} s after the last visitor`)
    const failed = all.reduce((sum, [, one]) => sum + one.failed, 0)
    mustBe(failed, 0, 'the number of failed redirects')
    console.log(
      JSON.stringify({
        name: `clicks while ${name}`,
        redirects: all.reduce((sum, [, { ids }]) => sum + ids.length, 0),
        failed,
        missing: account.missing,
        p99Ms: Number(quantile(during.latenciesMs, 0.99).toFixed(1)),
      }),
    )
  }
}

type Phase = { ids: string[]; failed: number; latenciesMs: number[] }

/** Visitors come at a steady rate, whether those before them got an answer or not. */
async function visit(link: string, seconds: number): Promise<Phase> {
  const phase: Phase = { ids: [], failed: 0, latenciesMs: [] }
  const one = async () => {
    const begun = performance.now()
    const { status, location } = await led(link).catch(() => ({ status: 0, location: null }))
    phase.latenciesMs.push(performance.now() - begun)
    const [, id] = /c=([0-9a-f-]{36})/.exec(location ?? '') ?? []
    if (status === 302 && id !== undefined) phase.ids.push(id)
    else phase.failed += 1
  }
  const visitors: Promise<void>[] = []
  const begun = performance.now()
  for (let n = 0; n < seconds * visitorsPerSecond; n += 1) {
    await pause(begun + (n * 1000) / visitorsPerSecond - performance.now())
    visitors.push(one())
  }
  await Promise.all(visitors)
  return phase
}

/** Waits until the account has all of these clicks and none is on its way. At each look it must add up. */
async function whenAccounted(worker: BenchWorker, clicks: number): Promise<{ missing: number }> {
  const headers = { authorization: `Bearer ${await worker.token('admin', 1)}` }
  const day = 86_400_000
  const [from, to] = [Date.now() - day, Date.now() + day].map((at) => new Date(at).toISOString())
  for (let waited = 0; waited < longestWaitMs; waited += 1_000) {
    await pause(1_000)
    const response = await fetch(`${worker.url}/v1/clicks/accounting?from=${from}&to=${to}`, { headers })
    const { data }: { data: Record<string, number>[] } = await response.json()
    const sum = (name: string) => data.reduce((total, minute) => total + (minute[name] ?? 0), 0)
    const parts = ['stored', 'duplicate', 'rejected', 'dead', 'waiting', 'missing'].map(sum)
    const answered = sum('answered')
    mustBe(
      parts.reduce((total, part) => total + part, 0),
      answered,
      'the sum of what became of the clicks',
    )
    if (answered >= clicks && sum('waiting') === 0) return { missing: sum('missing') }
  }
  throw new Error(`Of ${clicks} clicks some neither are stored nor are named as missing`)
}

async function checkStored({ owner }: BenchDatabase, answered: string[], missing: number): Promise<void> {
  const { rows } = await owner.query<{ n: number }>(
    'select count(*)::int as n from clicks.clicks where id = any($1::uuid[])',
    [answered],
  )
  mustBe(answered.length, new Set(answered).size, 'the number of click ids')
  mustBe((rows[0]?.n ?? 0) + missing, answered.length, 'the number of stored and missing clicks')
}
