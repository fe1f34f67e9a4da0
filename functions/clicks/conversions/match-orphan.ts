import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { visibleTo } from '../campaigns/visible.ts'
import type { PostbackResult } from './contract.ts'
import { convert } from './convert.ts'
import { tooMuch } from './read-postback.ts'
import { showResult } from './show-result.ts'

type Match = { id: number; clickId: string }

/**
 * Converts another click of the same owner than the one that a parked postback named.
 * Race: the job of the minute matches the postback. It locks the row, so this statement waits and finds it decided.
 */
export function matchOrphan(
  ctx: Ctx,
  { id, clickId }: Match,
): Promise<{ ok: true; answer: PostbackResult } | Refused> {
  return effect(
    ctx,
    named('clicks.match-orphan')`
with found as materialized (
  select o.*
  from clicks.orphan_postbacks o
  where o.id = ${id}
    and ${visibleTo(ctx, 'o')}
  for update
),
reported as materialized (
  select f.id as n, f.owner, f.traffic_source_id as source_id, ${clickId}::uuid as click_id, f.type, f.txid, f.status,
    f.payout_minor, f.currency, case when f.payout_minor is null then (f.data ->> 'payout')::numeric end as amount,
    f.data, f.received_at
  from found f
  where f.state = 'open'
),
${convert({ rounded: true })},
matched as (
  update clicks.orphan_postbacks o
  set state = 'matched', decided_at = now(), matched_click_id = d.click_id
  from decided d
  where o.id = d.n
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'answer', ${showResult()}) from decided d),
  (
    select jsonb_build_object('ok', false, 'reason', 'unprocessable', 'errors', jsonb_build_array(jsonb_build_object(
      'path', 'payout', 'message', ${tooMuch}::text)))
    from priced
    where not is_countable
  ),
  (
    select jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', state, 'to', 'matched')
    from found
    where state <> 'open'
  ),
  (select jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'This click does not exist') from found),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'This postback does not exist')
)`)}`,
  )
}
