import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import type { StartReplay } from './contract.ts'
import { type StoredReplay, storedReplay } from './show-replay.ts'

export type StartedReplay =
  | { ok: true; replay: StoredReplay }
  | { ok: false; reason: 'not_found' | 'replay_running' }

/** Notes a replay, which the job of the next minute runs. Its clicks keep their validity. */
export function startReplay(
  ctx: Ctx,
  { id, from, to }: StartReplay & { id: number },
): Promise<StartedReplay> {
  // Race: two replays start at once. The partial unique index lets one of them run.
  return effect(
    ctx,
    named('clicks.start-replay')`
with wanted as (
  select id from clicks.rule_sets where id = ${id}
),
started as (
  insert into clicks.replays (rule_set_id, kind, from_at, to_at)
  select id, 'replay', ${from}::timestamptz, ${to}::timestamptz from wanted
  on conflict (state) where state = 'running' do nothing
  returning *
)
select ${answer(sql`case
  when not exists (select from wanted) then jsonb_build_object('ok', false, 'reason', 'not_found')
  when s.id is null then jsonb_build_object('ok', false, 'reason', 'replay_running')
  else jsonb_build_object('ok', true, 'replay', ${storedReplay('s')})
end`)}
from (select) one
left join started s on true`,
  )
}
