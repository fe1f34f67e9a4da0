import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { lockAccount } from '../accounts/lock.ts'
import { runCommand } from '../journal/scope.ts'
import type { NewPayment, Payment, PaymentKind } from './contract.ts'
import { emitPayment } from './emit.ts'
import { showPayment } from './show.ts'

export type PaymentOutcome = { ok: true; value: Payment } | Refused

/** Requests a deposit, or a withdrawal that reserves its amount if the account has it available. */
export async function requestPayment(
  ctx: Ctx,
  kind: PaymentKind,
  payment: NewPayment,
): Promise<PaymentOutcome> {
  return runCommand(ctx, requestStatement(ctx, kind, payment))
}

function requestStatement(ctx: Ctx, kind: PaymentKind, { occurredAt, ...payment }: NewPayment): Statement {
  const takes = kind === 'withdrawal'
  // Race: withdrawals and bets compete for the same money, so they lock the account. A deposit needs no money and no lock.
  return named('ledger.request-payment')`
with ${lockAccount({ whose: sql`${payment.userId}, ${payment.currency}`, when: sql`${takes}` })},
decided as materialized (
  select uuidv7()::text as payment_id,
    case
      when a.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when ${takes} and funds.minor < ${payment.amountMinor}::bigint
      then jsonb_build_object('ok', false, 'reason', 'insufficient_funds', 'availableMinor', funds.minor)
    end as refused
  from (select) as always
  left join account a on true
  cross join lateral (
    select coalesce(a.available_minor, 0) + coalesce((select sum(minor) from waiting), 0)::bigint as minor
  ) funds
),
requested as (
  insert into ledger.payment_events
    (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, occurred_at, actor)
  select ledger.tenant(), payment_id, 1, ${`V1_PAYMENTS_${kind.toUpperCase()}_REQUESTED`}, ${JSON.stringify(payment)}::jsonb,
    ${ctx.idempotency?.id ?? null}, coalesce(${occurredAt ?? null}::timestamptz, clock_timestamp()), ${actorOf(ctx)}
  from decided
  where refused is null
  returning *
),
reserved as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select tenant_id, aggregate_id, 1, 'V1_BALANCES_BALANCE_RESERVED', event_data, occurred_at, actor
  from requested
  where ${takes}
),
payment as (
  select aggregate_id as payment_id, ${kind}::text as kind, ${payment.userId}::text as user_id,
    ${payment.amountMinor}::bigint as amount_minor, ${payment.currency}::text as currency, 'requested' as status,
    occurred_at as requested_at, null::timestamptz as settled_at, stream_version
  from requested
),
emitted as (${emitPayment('payment')})
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'value', ${showPayment('payment')}) from payment),
  (select refused from decided)
)`)}`
}
