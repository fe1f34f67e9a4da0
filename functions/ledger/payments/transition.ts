import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import { thisOne } from '../../core/claim.ts'
import type { Ctx } from '../../core/context.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { lockAccount } from '../accounts/lock.ts'
import { maxMinor } from '../contract.ts'
import { paymentGoals, type TransitionPayment } from '../decide.ts'
import { runCommand } from '../journal/scope.ts'
import { emitPayment } from './emit.ts'
import type { PaymentOutcome } from './request.ts'
import { showPayment } from './show.ts'

/** Moves a payment to its next state and posts the money that follows from it. */
export async function transitionPayment(
  ctx: Ctx,
  paymentId: string,
  command: TransitionPayment,
): Promise<PaymentOutcome> {
  return runCommand(ctx, transitionStatement(ctx, paymentId, command))
}

function transitionStatement(ctx: Ctx, paymentId: string, command: TransitionPayment): Statement {
  const to = paymentGoals[command.do]
  const takes = command.do === 'charge-back'
  const reason = 'reason' in command && command.reason !== undefined ? { reason: command.reason } : {}
  // Race: two transitions lock the payment, and the second finds it already moved. A charge-back needs available money,
  // so it also locks the account, always after the payment. A withdrawal uses its reserved amount; a deposit only credits.
  return named('ledger.transition-payment')`
with payment as ${thisOne(sql`
  select v.*
  from ledger.payments_view v
  where v.tenant_id = ledger.tenant()
    and v.payment_id = ${paymentId}`)},
${lockAccount({ whose: sql`select p.user_id, p.currency from payment p`, when: sql`${takes}` })},
decided as materialized (
  select p.*, held.events, moved.minor as moved_minor,
    case
      when ${command.expectedVersion ?? null}::integer <> p.stream_version
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
  from decided
  where refused is null
  returning *
),
posted as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select d.tenant_id, d.payment_id, d.events + row_number() over (order by posting.step), posting.type,
    jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'amountMinor', posting.minor),
    stepped.occurred_at, stepped.actor
  from stepped
  join decided d on true
  cross join lateral (
    values
      (1, 'V1_BALANCES_BALANCE_RELEASED', case d.kind when 'withdrawal' then d.amount_minor else 0 end),
      (2, case when d.moved_minor > 0 then 'V1_BALANCES_BALANCE_CREDITED' else 'V1_BALANCES_BALANCE_DEBITED' end, abs(d.moved_minor))
  ) posting (step, type, minor)
  where posting.minor > 0
  order by posting.step
),
after as (
  select d.payment_id, d.kind, d.user_id, d.amount_minor, d.currency, ${to}::text as status, d.requested_at,
    stepped.occurred_at as settled_at, stepped.stream_version
  from stepped
  join decided d on true
),
emitted as (${emitPayment('after')})
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'value', ${showPayment('after')}) from after),
  (select refused from decided),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such payment')
)`)}`
}
