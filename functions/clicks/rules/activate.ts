import { sql } from 'drizzle-orm'
import { effectAgain } from '../../core/again.ts'
import type { Ctx } from '../../core/context.ts'
import { answer } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { noteAction } from '../../core/note-action.ts'
import { hasSqlstate } from '../../core/sqlstate.ts'
import type { Activate, RuleSet } from './contract.ts'
import { showRuleSet } from './show.ts'
import { type StoredReplay, storedReplay } from './show-replay.ts'

export type Activated =
  | { ok: true; ruleSet: RuleSet; replay: StoredReplay | null }
  | { ok: false; reason: 'not_found' | 'rule_set_active' | 'replay_running' }

/**
 * Lets a set of rules decide about all clicks that are stored from now on. With `rejudge` a job then decides again about
 * those of a window.
 */
export async function activateRuleSet(
  ctx: Ctx,
  { id, rejudge }: Activate & { id: number },
): Promise<Activated> {
  const { from = null, to = null } = rejudge ?? {}
  // Race: one draft is activated twice at once. The second waits for its row, finds it active and starts no rejudge.
  // Race: two sets are activated at once. The second waits for the row of the active set and finds it retired, so its own
  // update meets the first one's in the unique index. It is tried again, and then retires the first one.
  const statement = named('clicks.activate-rules')`
with wanted as materialized (
  select * from clicks.rule_sets where id = ${id} for update
),
started as (
  insert into clicks.replays (rule_set_id, kind, from_at, to_at)
  select id, 'rejudge', ${from}::timestamptz, ${to}::timestamptz
  from wanted
  where state <> 'active'
    and ${from}::timestamptz is not null
  on conflict (state) where state = 'running' do nothing
  returning *
),
may as (
  select id
  from wanted
  where state <> 'active'
    and (${from}::timestamptz is null or exists (select from started))
),
retired as (
  update clicks.rule_sets
  set state = 'retired', version = version + 1
  where state = 'active'
    and exists (select from may)
  returning 1
),
activated as (
  update clicks.rule_sets s
  set state = 'active', activated_at = now(), version = s.version + 1
  from may
  cross join (select count(*) from retired) retired_before
  where s.id = may.id
    and s.state <> 'active'
  returning s.*
),
noted as (${noteAction(ctx, {
    action: 'rules.activate',
    from: 'activated',
    subject: sql`'rules:' || id`,
    detail: sql`jsonb_build_object('from', ${from}::text, 'to', ${to}::text)`,
  })}
)
select ${answer(sql`case
  when w.id is null then jsonb_build_object('ok', false, 'reason', 'not_found')
  when w.state = 'active' then jsonb_build_object('ok', false, 'reason', 'rule_set_active')
  when s.id is null then jsonb_build_object('ok', false, 'reason', 'replay_running')
  else jsonb_build_object('ok', true, 'ruleSet', ${showRuleSet}, 'replay', (select ${storedReplay('t')} from started t))
end`)}
from (select) one
left join wanted w on true
left join activated s on true`
  const isOutdated = (error: unknown) => hasSqlstate(error, '23505')
  const outcome = await effectAgain<Activated>(ctx, { statement, attempts: 5, isOutdated })
  return outcome ?? { ok: false, reason: 'rule_set_active' }
}
