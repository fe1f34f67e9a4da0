import type { Ctx } from '../../core/context.ts'
import { readGathered } from '../../core/gather.ts'
import { listJobs } from '../jobs/list.ts'
import { listReplicas } from '../replicas/list.ts'
import { expose, type Sample } from './expose.ts'
import { type Gauge, readGauges } from './read-gauges.ts'

type Scheduled = { name: string; cron: string; lock: number }

/**
 * All metrics in Prometheus' text format. A source that does not answer leaves its metrics out, because a missing metric
 * says that it is unknown, and 0 would not.
 */
export async function readMetrics(ctx: Ctx, jobs: readonly Scheduled[]): Promise<string> {
  const known = async (what: string, read: Promise<Gauge[]>) =>
    read.catch((error: unknown) => {
      ctx.log.error('metrics', error, { what })
      return []
    })
  const [gathered, gauges, missed, lags] = await Promise.all([
    readGathered(ctx, { minutes: 1 }),
    known(
      'gauges',
      readGauges(
        ctx,
        jobs.map(({ name }) => name),
      ),
    ),
    known('jobs', missedOf(ctx, jobs)),
    known('replicas', lagsOf(ctx)),
  ])
  const own = gathered.known
    ? [
        ...gathered.series.map(({ name, labels, total }) => ({ name, values: Object.values(labels), total })),
        seriesOf({ name: 'lockstep_gather_isolates', label: null, value: gathered.isolates }),
        seriesOf({ name: 'lockstep_gather_silent_isolates', label: null, value: gathered.silent }),
        ...(gathered.ageSeconds === null
          ? []
          : [seriesOf({ name: 'lockstep_gather_age_seconds', label: null, value: gathered.ageSeconds })]),
      ]
    : []
  return expose([...own, ...[...gauges, ...missed, ...lags].map(seriesOf)])
}

async function missedOf(ctx: Ctx, jobs: readonly Scheduled[]): Promise<Gauge[]> {
  const listed = await listJobs(ctx, jobs)
  return listed.map(({ name, missed }) => ({ name: 'job_missed_slots', label: name, value: missed }))
}

async function lagsOf(ctx: Ctx): Promise<Gauge[]> {
  const replicas = await listReplicas(ctx)
  return replicas.flatMap(({ number, lagSeconds }) =>
    lagSeconds === null ? [] : [{ name: 'replica_lag_seconds', label: String(number), value: lagSeconds }],
  )
}

function seriesOf({ name, label, value }: Gauge): Sample {
  return { name, values: label === null ? [] : [label], total: [value] }
}
