import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { TriggerFunction, TriggerFunctions } from './contract.ts'

type Found = { asOf: string; tracks: string; data: TriggerFunction[] }

/** The functions that triggers call, with the time they took since Postgres began to count. */
export async function listTriggers(ctx: Ctx): Promise<Omit<TriggerFunctions, 'nextCursor'>> {
  const [found] = await ctx.db.query<Found>(named('ops.list-triggers')`
with called as (
  select t.tgfoid, array_agg(t.tgname || ' on ' || c.relnamespace::regnamespace || '.' || c.relname order by c.relname, t.tgname) as triggers
  from pg_trigger t
  join pg_class c on c.oid = t.tgrelid
  where not t.tgisinternal
    and t.tgparentid = 0
  group by t.tgfoid
),
shown as (
  select p.pronamespace::regnamespace || '.' || p.proname as name, called.triggers, s.calls, s.total_time, s.self_time
  from called
  join pg_proc p on p.oid = called.tgfoid
  left join pg_stat_user_functions s on s.funcid = p.oid
  order by s.total_time desc nulls last, name
  limit 500
)
select core.iso(now()) as "asOf", current_setting('track_functions') as tracks,
  coalesce(jsonb_agg(jsonb_build_object(
    'function', name, 'triggers', to_jsonb(triggers), 'calls', calls, 'totalMs', total_time, 'selfMs', self_time,
    'meanMs', total_time / nullif(calls, 0)
  ) order by total_time desc nulls last, name), '[]') as data
from shown`)
  if (found === undefined) throw new Error('Postgres returned no row of its functions')
  const { asOf, tracks, data } = found
  const why =
    tracks === 'none' ? 'Postgres does not count: set track_functions to pl, see npm run -s db:tune' : null
  return { asOf, why, data: data.map(why === null ? counted : unknown) }
}

/** Counts from a time before are no answer for now. */
function unknown(one: TriggerFunction): TriggerFunction {
  return { ...one, calls: null, totalMs: null, selfMs: null, meanMs: null }
}

/** Postgres keeps no row for a function that was never called while it counts. */
function counted(one: TriggerFunction): TriggerFunction {
  return one.calls === null ? { ...one, calls: 0, totalMs: 0, selfMs: 0 } : one
}
