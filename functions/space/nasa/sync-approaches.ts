import { sql } from 'drizzle-orm'
import { neoApproaches } from '../../../schema/space/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { JobResult } from '../../core/job.ts'
import { holding, type Lease, whileRenewing } from '../../core/lease.ts'
import { upsertMany } from '../../core/upsert.ts'
import { converse } from '../upstreams/session.ts'
import { outcomeOf } from '../upstreams/sync-outcome.ts'
import { type Approach, parseNeoFeed } from './parse-neo.ts'

/** The feed takes at most seven days. Three such windows reach three weeks ahead. */
const windows = [-1, 6, 13]
const budgetMs = 110_000

/**
 * Approaches of near-Earth objects from yesterday to three weeks ahead. A run asks for one window, by turns, so that each
 * is asked for every sixth hour; the first run asks for all.
 */
export async function syncApproaches(ctx: Ctx, lease: Lease): Promise<JobResult> {
  const talk = await converse(ctx, ['neows'], { budgetMs })
  const approaches: Approach[] = []
  await whileRenewing(ctx, lease, async () => {
    for (const offset of await windowsToAsk(ctx)) {
      const [from, to] = [dayFrom(ctx.now(), offset), dayFrom(ctx.now(), offset + 6)]
      const answer = await talk.ask(
        'neows',
        `/neo/rest/v1/feed?start_date=${from}&end_date=${to}`,
        parseNeoFeed,
      )
      if (!answer.ok) break
      approaches.push(...answer.value)
    }
  })
  const counts = await upsertMany(ctx, neoApproaches, approaches, {
    key: ['neoId', 'closeApproachDate', 'orbitingBody'],
    touch: 'updatedAt',
    before: [holding(lease), ...talk.records()],
  })
  return outcomeOf(counts, talk.faults().neows ?? null, { quarantined: talk.quarantined() })
}

async function windowsToAsk(ctx: Ctx): Promise<number[]> {
  const [row] = await ctx.db.query<{ known: boolean }>(
    sql`select exists (select from space.neo_approaches) as known`,
  )
  if (!row?.known) return windows
  const turn = Math.floor(ctx.now().getTime() / 7_200_000) % windows.length
  return windows.slice(turn, turn + 1)
}

function dayFrom(now: Date, days: number): string {
  return new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10)
}
