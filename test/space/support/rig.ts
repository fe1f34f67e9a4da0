import { jobs } from '../../../cron/index.ts'
import { startNeonProxy } from '../../../dev/neon-proxy/server.ts'
import { startUpstreams } from '../../../dev/upstreams/server.ts'
import { type Ctx, makeContext } from '../../../functions/core/context.ts'
import { type JobRun, runJob } from '../../../functions/core/job.ts'
import { letLocksWait } from '../../core/barrier.ts'
import { atTheEnd } from '../../support/at-the-end.ts'
import { bySocket } from '../../support/by-socket.ts'
import { freshDatabase } from '../../support/database.ts'
import { startPgBouncer } from './pgbouncer.ts'

const start = new Date('2026-11-20T10:00:30Z')
export const apiKey = 'a-key-nobody-may-see'

/** Runs the jobs of space on their own database, with simulated upstreams, a clock to set and a log to read. */
export async function spaceRig({ datasets = 60, maxSessions = 60, pooled = false } = {}) {
  let now = start
  const clock = () => new Date(now)
  const database = await freshDatabase()
  await letLocksWait(database)
  const pooler = pooled ? await startPgBouncer([database.ownerUrl, database.workerUrl]) : null
  const proxy = await startNeonProxy({ databaseUrl: pooler?.url ?? bySocket(database.ownerUrl), maxSessions })
  atTheEnd(async () => {
    await proxy.close()
    await pooler?.stop()
  })
  const upstreams = await startUpstreams({ now: clock, datasets })
  atTheEnd(() => upstreams.close())
  const logged: string[] = []

  function ctx(): Ctx {
    const limit = { limit: async () => ({ success: true }) }
    const made = makeContext(
      {
        DATABASE_URL: database.workerUrl,
        NEON_PROXY: proxy.address,
        AUTH_SECRET: 'a secret of at least 32 characters',
        UPSTREAMS_URL: upstreams.url,
        NASA_API_KEY: apiKey,
        RATE_READ: limit,
        RATE_WRITE: limit,
      },
      { waitUntil: () => undefined, now: clock },
    )
    const line = (...parts: unknown[]) => void logged.push(JSON.stringify(parts, withErrors))
    return { ...made, log: { info: line, error: line } }
  }

  /** Forgets the runs of jobs and what they know of the upstreams, resets the upstreams and sets the clock back. */
  async function resetRuns(): Promise<void> {
    upstreams.reset()
    now = start
    await database.admin.query(
      'truncate space.upstream_state, space.upstream_misses, core.job_runs, core.job_slots, core.leases',
    )
  }

  return {
    database,
    admin: database.admin,
    proxy,
    upstreams,
    logged,
    ctx,
    jobNames: jobs.filter(({ lock }) => lock >= 1001 && lock < 1100).map(({ name }) => name),
    setClock: (iso: string) => {
      now = new Date(iso)
    },
    resetRuns,
    /** As `resetRuns`, and empties all tables. */
    async reset(): Promise<void> {
      await resetRuns()
      await database.admin.query(
        `truncate space.iss_fetch_log, space.elements, space.osdr_items, space.osdr_changes, space.apod, space.neo_approaches,
          space.donki_events, space.donki_revisions, space.upstream_answers, space.copy_coverage`,
      )
    },
    jobs,
    /** Runs the job like cron with a slot, and like an operator without one. */
    async run(name: string, slot: string | null = null): Promise<JobRun> {
      const job = jobs.find((one) => one.name === name)
      if (!job) throw new Error(`There is no job ${name}`)
      return runJob(ctx(), job, {
        slot: slot === null ? null : new Date(slot),
        trigger: slot === null ? 'manual' : 'cron',
      })
    },
    async rows(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
      return (await database.admin.query(text, values)).rows
    },
  }
}

function withErrors(_: string, value: unknown): unknown {
  return value instanceof Error ? { message: value.message, stack: value.stack, cause: value.cause } : value
}
