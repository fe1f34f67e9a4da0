import type { Ctx } from '../../core/context.ts'
import { readGathered } from '../../core/gather.ts'
import type { Gauge, Watch } from '../../core/watch.ts'
import { listJobs } from '../jobs/list.ts'
import { listQueues } from '../queues/list.ts'
import { listReplicas } from '../replicas/list.ts'
import { expose, type Sample } from './expose.ts'
import { readGauges } from './read-gauges.ts'

type Scheduled = { name: string; cron: string; lock: number }
type System = { jobs: readonly Scheduled[]; watches: readonly Watch[] }

/**
 * All metrics in Prometheus' text format. A source that does not answer leaves its metrics out, because a missing metric
 * says that it is unknown, and 0 would not.
 */
export async function readMetrics(ctx: Ctx, { jobs, watches }: System): Promise<string> {
  const known = async (what: string, read: Promise<readonly Gauge[]>) =>
    read.catch((error: unknown) => {
      ctx.log.error('metrics', error, { what })
      return []
    })
  const [gathered, ...read] = await Promise.all([
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
    known('queues', depthsOf(ctx, watches)),
    ...watches.flatMap(({ gauges }) => (gauges === undefined ? [] : [known('rows', gauges(ctx))])),
  ])
  const own = gathered.known
    ? [
        ...gathered.series.map(({ name, labels, total }) => ({ name, values: Object.values(labels), total })),
        seriesOf({ name: 'http_server_active_requests', label: null, value: gathered.open }),
        seriesOf({ name: 'lockstep_gather_isolates', label: null, value: gathered.isolates }),
        seriesOf({ name: 'lockstep_gather_silent_isolates', label: null, value: gathered.silent }),
        ...(gathered.ageSeconds === null
          ? []
          : [seriesOf({ name: 'lockstep_gather_age_seconds', label: null, value: gathered.ageSeconds })]),
      ]
    : []
  return expose([...own, ...read.flat().map(seriesOf)])
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

/** Of names with an id behind a colon there is one series: their sum, as long as each is known. */
async function depthsOf(ctx: Ctx, watches: readonly Watch[]): Promise<Gauge[]> {
  const { data } = await listQueues(ctx, watches)
  const byLabel = Map.groupBy(data, ({ name }) => name.replace(/:\d+$/, ''))
  return [...byLabel].flatMap(([label, those]) => {
    const depths = those.flatMap(({ depth }) => depth ?? [])
    if (depths.length < those.length) return []
    return [{ name: 'queue_depth' as const, label, value: depths.reduce((sum, depth) => sum + depth, 0) }]
  })
}

function seriesOf({ name, label, value }: Gauge): Sample {
  return { name, values: label === null ? [] : [label], total: [value] }
}
