/**
 * Dead messages: those that a consumer gave up are kept with their reason, and can be replayed.
 *
 * Guarantee: a message is buried once, however often it is delivered, and one that was stored meanwhile is not buried. It
 * is counted as dead in the same statement. A replay stores it once: of several callers the first one gets it. A message
 * that fails again stays dead.
 * How a caller loses: `bury` throws while Postgres is away. `replaying` fails as a whole if one message is faulty.
 * The caller must acknowledge a message only after `bury` returned. Driver: HTTP.
 */
import type { Ctx } from './context.ts'
import { counted } from './ingest-accounting.ts'
import { type Dead, readHead } from './ingest-message.ts'
import { named } from './named.ts'
import { storable } from './rows.ts'
import { isDataError } from './sqlstate.ts'

export async function bury(ctx: Ctx, stream: string, dead: readonly Dead[]): Promise<void> {
  try {
    await buryWith(ctx, stream, dead, readHead)
  } catch (error) {
    if (!isDataError(error)) throw error
    // A head whose total is wrong breaks the accounting. Without it the message is kept, and its items are missing.
    await buryWith(ctx, stream, dead, () => null)
  }
}

async function buryWith(
  ctx: Ctx,
  stream: string,
  dead: readonly Dead[],
  headOf: typeof readHead,
): Promise<void> {
  const rows = dead.map(({ delivered: { id, body, attempts }, reason }) => {
    const { source = null, n = null, at = null, answered = null, items = null } = headOf(body) ?? {}
    const text = JSON.stringify(body) ?? 'null'
    return { message: id, source, n, at, answered, items: items?.length, body: text, reason, attempts }
  })
  // Race: the message was stored, or buried, by another consumer. Then its number is taken, and `fresh` lacks it.
  await ctx.db.query(named('core.bury')`
with dead as materialized (
  select distinct on (coalesce(d.source::text || '/' || d.n, d.message)) d.*
  from jsonb_to_recordset(${JSON.stringify(storable(rows))}::jsonb) as d (
    message text, source uuid, n int, at timestamptz, answered bigint, items int, body text, reason text, attempts int
  )
),
fresh as (
  insert into core.ingest_messages (stream, source, n, at, answered, items, dead)
  select ${stream}::text, source, n, at, answered, items, true
  from dead
  where source is not null
  order by source, n
  on conflict do nothing
  returning source, n, at, answered, items, false as was_dead
),
accounted as (select source, n, 0 as stored, 0 as duplicate, 0 as rejected, items as dead from fresh),
${counted(stream)},
buried as (
  insert into core.dead_messages (stream, message, source, n, items, body, reason, attempts)
  select ${stream}::text, d.message, d.source, d.n, d.items, d.body, d.reason, d.attempts
  from dead d
  left join fresh f using (source, n)
  where d.source is null
    or f.source is not null
  order by d.message
  on conflict do nothing
  returning 1
)
select count(*)::int as buried from buried`)
}
