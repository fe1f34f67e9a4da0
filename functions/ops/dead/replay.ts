import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Db } from '../../core/db.ts'
import { answer, effect } from '../../core/idempotency.ts'
import type { IngestQueue } from '../../core/ingest-message.ts'
import { named } from '../../core/named.ts'
import { most, nextAfter, replaying } from '../../core/replay.ts'
import { isDataError, reasonOf } from '../../core/sqlstate.ts'
import type { ReplayDead, Replayed } from './contract.ts'

/** Stores dead messages, each once. All in one statement; message by message if one of them is still faulty. */
export async function replayDead(
  ctx: Ctx,
  queue: IngestQueue,
  { ids, after }: ReplayDead,
): Promise<Replayed> {
  const db = ctx.db.with(queue.settings ?? {})
  try {
    return await effect<Replayed>(ctx, replaying(ctx, queue, { ids, after }), db)
  } catch (error) {
    if (!isDataError(error)) throw error
    if (ids !== undefined) return replayEach(ctx, { queue, db, ids, last: null })
    const those = await oldest(ctx, queue, after)
    return replayEach(ctx, { queue, db, ids: those, last: those.at(-1) ?? null })
  }
}

async function oldest(ctx: Ctx, { stream }: IngestQueue, after = 0): Promise<number[]> {
  const rows = await ctx.db.query<{ id: string }>(named('ops.oldest-dead')`
select id
from core.dead_messages
where stream = ${stream}
  and replayed_at is null
  and id > ${after}
order by id
limit ${most}`)
  return rows.map(({ id }) => Number(id))
}

type Each = { queue: IngestQueue; db: Db; ids: readonly number[]; last: number | null }

/** The key of the request covers its answer. Each message is stored once in any case. */
async function replayEach(ctx: Ctx, { queue, db, ids, last }: Each): Promise<Replayed> {
  const keyless = { ...ctx, idempotency: null }
  const data: Replayed['data'] = []
  for (const id of ids) {
    try {
      data.push(...(await effect<Replayed>(keyless, replaying(ctx, queue, { ids: [id] }), db)).data)
    } catch (error) {
      if (!isDataError(error)) throw error
      data.push({ id, outcome: 'failed', reason: reasonOf(error) })
    }
  }
  return effect<Replayed>(
    ctx,
    named('ops.replay-each')`
select ${answer(sql`jsonb_build_object('data', ${JSON.stringify(data)}::jsonb, 'left', count(*), 'next', ${nextAfter(sql`${last}::bigint`, queue)})`)}
from core.dead_messages
where stream = ${queue.stream}
  and replayed_at is null`,
  )
}
