import { sql } from 'drizzle-orm'
import { neoApproaches } from '../../../schema/space/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { JobResult } from '../../core/job.ts'
import { holding, type Lease, whileRenewing } from '../../core/lease.ts'
import { named } from '../../core/named.ts'
import { upsertMany } from '../../core/upsert.ts'
import { type Days, isCovered, recordCoverage } from '../upstreams/coverage.ts'
import { openSession } from '../upstreams/session.ts'
import { syncOutcome } from '../upstreams/sync-outcome.ts'
import { type Approach, parseApproaches } from './parse-approaches.ts'

/** The feed answers at most seven days. Three such windows reach three weeks ahead. */
const windows = [-1, 6, 13]
const budgetMs = 110_000

/**
 * Copies approaches of near-Earth objects from yesterday to three weeks ahead. A run requests one window in turn, so each
 * is requested every sixth hour. A window that is not covered yet is requested in every run. A failed window stops no other.
 */
export async function syncApproaches(ctx: Ctx, lease: Lease): Promise<JobResult> {
  const session = await openSession(ctx, ['neows'], { budgetMs })
  const approaches: Approach[] = []
  const answered: Days[] = []
  await whileRenewing(ctx, lease, async () => {
    for (const { from, to } of await dueWindows(ctx)) {
      const reply = await session.call(
        'neows',
        `/neo/rest/v1/feed?start_date=${from}&end_date=${to}`,
        parseApproaches,
      )
      if (!reply.ok) continue
      approaches.push(...reply.value)
      answered.push({ from, to })
    }
  })
  const covered = recordCoverage(
    answered.map((days) => ({ copy: 'approaches', ...days })),
    ctx.now(),
  )
  const counts = await upsertMany(ctx, neoApproaches, approaches, {
    key: ['neoId', 'closeApproachDate', 'orbitingBody'],
    touch: 'updatedAt',
    before: [holding(lease), ...session.records(), ...covered],
  })
  return syncOutcome(counts, session.faults().neows ?? null, { quarantined: session.quarantined() })
}

async function dueWindows(ctx: Ctx): Promise<Days[]> {
  const turn = Math.floor(ctx.now().getTime() / 7_200_000) % windows.length
  const spans = windows.map((offset) => ({
    from: dayFrom(ctx.now(), offset),
    to: dayFrom(ctx.now(), offset + 6),
  }))
  const known = spans.map((span) => isCovered('approaches', span))
  const [row] = await ctx.db.query<{ known: boolean[] }>(
    named('space.due-windows')`select array[${sql.join(known, sql`, `)}] as known`,
  )
  return spans.filter((_, place) => place === turn || !row?.known[place])
}

function dayFrom(now: Date, days: number): string {
  return new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10)
}
