import { type SQL, sql } from 'drizzle-orm'
import { thisOne } from '../../core/claim.ts'
import type { Ctx } from '../../core/context.ts'
import { answer } from '../../core/idempotency.ts'
import { lockAccount } from '../accounts/lock.ts'
import { maxMinor } from '../contract.ts'
import { paymentGoals, type TransitionPayment } from '../decide.ts'
import { actorOf, command } from '../journal/scope.ts'
import { emitPayment } from './emit.ts'
import type { PaymentOutcome } from './request.ts'
import { showPayment } from './show.ts'

/** One step in the life of a payment, and what it does to the account. */
export async function transitionPayment(
  ctx: Ctx,
  paymentId: string,
  move: TransitionPayment,
): Promise<PaymentOutcome> {
  return command(ctx, transitionStatement(ctx, paymentId, move))
}

function transitionStatement(ctx: Ctx, paymentId: string, move: TransitionPayment): SQL {
  const to = paymentGoals[move.do]
  const takes = move.do === 'charge-back'
  const reason = 'reason' in move && move.reason !== undefined ? { reason: move.reason } : {}
  // Race: two steps of one payment lock it, and the second finds it moved. A charge-back also looks for the money, so it
  // locks the account, after the payment as everywhere. A withdrawal's amount is its own hold; a deposit only gives.
  return sql`
with payment as ${thisOne(sql`
  select v.*
  from ledger.payments_view v
  where v.tenant_id = ledger.tenant()
    and v.payment_id = ${paymentId}`)},
${lockAccount({ whose: sql`select p.user_id, p.currency from payment p`, when: sql`${takes}` })},
judged as materialized (
  select p.*, held.events, moved.minor as moved_minor,
    case
      when ${move.expectedVersion ?? null}::integer <> p.stream_version
      then jsonb_build_object('ok', false, 'reason', 'version_conflict', 'current', p.stream_version)
      when not ledger.payment_may_become(p.kind || ' ' || p.status, p.kind || ' ' || ${to})
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', p.status, 'to', ${to}::text)
      when p.kind = 'withdrawal' and held.minor is distinct from p.amount_minor
      then jsonb_build_object('ok', false, 'reason', 'hold_missing')
      when moved.minor < 0 and seen.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when ${takes} and funds.minor - p.amount_minor < least(0, funds.minor) and a.may_go_negative is not true
      then jsonb_build_object('ok', false, 'reason', 'insufficient_funds', 'availableMinor', funds.minor)
      when abs(coalesce(seen.balance_minor, 0) + moved.minor) > ${maxMinor}::numeric
      then jsonb_build_object('ok', false, 'reason', 'amount_out_of_range')
    end as refused
  from payment p
  left join account a on true
  left join ledger.user_balances seen
    on seen.tenant_id = p.tenant_id and seen.user_id = p.user_id and seen.currency = p.currency
  cross join lateral (
    select count(*)::integer as events, sum(e.reserved_delta) as minor
    from ledger.balance_events e
    where e.tenant_id = p.tenant_id
      and e.aggregate_id = p.payment_id
  ) held
  cross join lateral (
    select coalesce(a.available_minor, 0) + coalesce((select sum(minor) from waiting), 0)::bigint as minor
  ) funds
  cross join lateral (
    select case
      when ${to} = 'completed' and p.kind = 'deposit' then p.amount_minor
      when ${to} in ('completed', 'charged_back') then -p.amount_minor
      else 0
    end as minor
  ) moved
),
stepped as (
  insert into ledger.payment_events
    (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
  select tenant_id, payment_id, stream_version + 1, 'V1_PAYMENTS_' || upper(kind) || '_' || upper(${to}),
    ${JSON.stringify(reason)}::jsonb, ${ctx.idempotency?.id ?? null}, ${actorOf(ctx)}
  from judged
  where refused is null
  returning *
),
posted as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select j.tenant_id, j.payment_id, j.events + row_number() over (order by posting.step), posting.type,
    jsonb_build_object('userId', j.user_id, 'currency', j.currency, 'amountMinor', posting.minor),
    stepped.occurred_at, stepped.actor
  from stepped
  join judged j on true
  cross join lateral (
    values
      (1, 'V1_BALANCES_BALANCE_RELEASED', case j.kind when 'withdrawal' then j.amount_minor else 0 end),
      (2, case when j.moved_minor > 0 then 'V1_BALANCES_BALANCE_CREDITED' else 'V1_BALANCES_BALANCE_DEBITED' end, abs(j.moved_minor))
  ) posting (step, type, minor)
  where posting.minor > 0
  order by posting.step
),
after as (
  select j.payment_id, j.kind, j.user_id, j.amount_minor, j.currency, ${to}::text as status, j.requested_at,
    stepped.occurred_at as settled_at, stepped.stream_version
  from stepped
  join judged j on true
),
told as (${emitPayment('after')})
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'value', ${showPayment('after')}) from after),
  (select refused from judged),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such payment')
)`)}`
}
