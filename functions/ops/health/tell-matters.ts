import type { Ctx } from '../../core/context.ts'
import { readGathered } from '../../core/gather.ts'
import type { Matter } from '../../core/matter.ts'
import { sharedTurns } from '../../core/replica.ts'
import { soundOutcomes } from '../rules.ts'

const clockLimitSeconds = 180
const failedShare = 0.1

/** States that readiness reports and that make the Worker no less ready: the clock, the gatherer, replicas and upstreams. */
export async function tellMatters(ctx: Ctx, tickAgeSeconds: number | null): Promise<Matter[]> {
  const gathered = await readGathered(ctx, { names: ['upstream_requests_total'], minutes: 5 })
  return [clock(tickAgeSeconds), ...replicas(ctx), gatherer(gathered), ...upstreams(gathered)]
}

type Gathered = Awaited<ReturnType<typeof readGathered>>

function clock(ageSeconds: number | null): Matter {
  if (ageSeconds === null) return { name: 'clock', ok: null, detail: 'no job has run yet', ageSeconds: null }
  const ok = ageSeconds < clockLimitSeconds
  const detail = ok ? 'ticks' : `the last job began ${Math.round(ageSeconds)} s ago: check the cron triggers`
  return { name: 'clock', ok, detail, ageSeconds }
}

function replicas({ env, now }: Ctx): Matter[] {
  return env.DATABASE_URL_REPLICAS.map((url, at) => {
    const { outUntilMs } = sharedTurns.standing(url, now().getTime())
    const detail = outUntilMs === null ? 'takes part' : 'is left out: see /v1/ops/replicas'
    return { name: `replica ${at + 1}`, ok: outUntilMs === null, detail, ageSeconds: 0 }
  })
}

function gatherer(gathered: Gathered): Matter {
  if (!gathered.known) return { name: 'gatherer', ok: false, detail: gathered.why, ageSeconds: null }
  const { silent, ageSeconds } = gathered
  const detail = silent === 0 ? 'answers' : `${silent} isolates are silent with requests open`
  return { name: 'gatherer', ok: silent === 0, detail, ageSeconds }
}

/** Those that were called within five minutes. */
function upstreams(gathered: Gathered): Matter[] {
  if (!gathered.known) return []
  const { asOf, series } = gathered
  const byName = Map.groupBy(
    series.filter(({ lately }) => (lately[0] ?? 0) > 0),
    ({ labels }) => labels['upstream'] ?? '',
  )
  return [...byName].map(([name, outcomes]) => {
    const calls = outcomes.reduce((sum, { lately }) => sum + (lately[0] ?? 0), 0)
    const sound = outcomes.filter(({ labels }) => soundOutcomes.includes(labels['outcome'] ?? ''))
    const failed = calls - sound.reduce((sum, { lately }) => sum + (lately[0] ?? 0), 0)
    const detail = `${failed} of ${calls} calls failed within five minutes`
    const ageSeconds = Math.max(0, (Date.now() - asOf.getTime()) / 1_000)
    return { name: `upstream ${name}`, ok: failed <= failedShare * calls, detail, ageSeconds }
  })
}
