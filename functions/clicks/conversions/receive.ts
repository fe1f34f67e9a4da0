import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import type { PostbackResult } from './contract.ts'
import { convert } from './convert.ts'
import { type Report, tooMuch } from './read-postback.ts'
import { showResult } from './show-result.ts'

type Received = { sourceId: number; address: string | null; report: Report }
type Outcome = { ok: true; answer: PostbackResult } | Refused

/** Converts the click of a postback, or parks the postback until its click has been stored. */
export function receivePostback(ctx: Ctx, received: Received): Promise<Outcome> {
  return effect(ctx, receiveStatement(received))
}

/** The addresses are checked here and not against the cached source, so that their removal is in force at once. */
export function receiveStatement({ sourceId, address, report }: Received): Statement {
  const { clickId, type, txid, status, payoutMinor, currency, amount, data } = report
  return named('clicks.receive-conversion')`
with source as (
  select s.id, s.owner
  from clicks.traffic_sources s
  where s.id = ${sourceId}
    and s.status = 'active'
    and (s.ip_allow = '{}' or ${address}::inet <<= any(s.ip_allow::inet[]))
),
reported as materialized (
  select 1 as n, s.owner, s.id as source_id, ${clickId}::uuid as click_id, ${type}::text as type, ${txid}::text as txid,
    ${status}::text as status, ${payoutMinor}::bigint as payout_minor, ${currency}::text as currency,
    ${amount}::numeric as amount, ${JSON.stringify(data)}::jsonb as data, now() as received_at
  from source s
),
${convert()},
parked as (
  insert into clicks.orphan_postbacks (
    owner, traffic_source_id, click_id, type, txid, status, payout_minor, currency, data, received_at
  )
  select r.owner, r.source_id, r.click_id, r.type, r.txid, r.status, r.payout_minor, r.currency, r.data, r.received_at
  from reported r
  where not exists (select from located)
    and not exists (
      select
      from clicks.orphan_postbacks o
      where o.click_id = r.click_id
        and o.state = 'open'
        and (o.traffic_source_id, o.type, o.txid, o.status) = (r.source_id, r.type, r.txid, r.status)
    )
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'answer', ${showResult()}) from decided d),
  (
    select jsonb_build_object('ok', false, 'reason', 'unprocessable', 'errors', jsonb_build_array(jsonb_build_object(
      'path', 'payout', 'message', case when is_countable then campaign_currency || ' does not have so many decimals'
        else ${tooMuch}::text end)))
    from priced
    where not (is_whole and is_countable)
  ),
  (select jsonb_build_object('ok', true, 'answer', jsonb_build_object('result', 'parked')) from reported),
  jsonb_build_object('ok', false, 'reason', 'forbidden', 'detail', 'The source accepts no postback from this address')
)`)}`
}
