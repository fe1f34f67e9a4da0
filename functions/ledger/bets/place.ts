import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { hot } from '../../core/hot.ts'
import { answer } from '../../core/idempotency.ts'
import type { Statement } from '../../core/named.ts'
import { lockAccount } from '../accounts/lock.ts'
import { maxMinor } from '../contract.ts'
import { payoutOf } from '../decide.ts'
import { type By, runCommand } from '../journal/scope.ts'
import type { Bet, NewBet } from './contract.ts'
import { emitBet } from './emit.ts'
import { showBet } from './show.ts'

export type BetOutcome = { ok: true; value: Bet } | Refused

/** Places a bet and reserves its stake, if the account has it available. */
export async function placeBet(ctx: Ctx, bet: NewBet): Promise<BetOutcome> {
  if (payoutOf(bet.stakeMinor, bet.odds) > maxMinor) return { ok: false, reason: 'amount_out_of_range' }
  return runCommand(ctx, placeStatement(ctx, bet))
}

export function placeStatement(by: By, { occurredAt, ...bet }: NewBet): Statement {
  // Race: fifty bets compete for money for ten. Each locks the account and then sees the balance the previous one left.
  const statement = sql`
with ${lockAccount({ whose: sql`${bet.userId}, ${bet.currency}` })},
decided as materialized (
  select uuidv7()::text as bet_id,
    case
      when a.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when funds.minor < ${bet.stakeMinor}::bigint
      then jsonb_build_object('ok', false, 'reason', 'insufficient_funds', 'availableMinor', funds.minor)
    end as refused
  from (select) as always
  left join account a on true
  cross join lateral (
    select coalesce(a.available_minor, 0) + coalesce((select sum(minor) from waiting), 0)::bigint as minor
  ) funds
),
placed as (
  insert into ledger.bet_events
    (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, occurred_at, actor)
  select ledger.tenant(), bet_id, 1, 'V1_BETS_BET_PLACED', ${JSON.stringify(bet)}::jsonb,
    ${by.idempotency?.id ?? null}, coalesce(${occurredAt ?? null}::timestamptz, clock_timestamp()), ${actorOf(by)}
  from decided
  where refused is null
  returning *
),
reserved as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select tenant_id, aggregate_id, 1, 'V1_BALANCES_BALANCE_RESERVED',
    jsonb_build_object(
      'userId', event_data -> 'userId', 'currency', event_data -> 'currency', 'amountMinor', event_data -> 'stakeMinor'
    ),
    occurred_at, actor
  from placed
),
bet as (
  select aggregate_id as bet_id, ${bet.userId}::text as user_id, ${bet.stakeMinor}::bigint as amount_minor,
    ${bet.currency}::text as currency, ${bet.odds}::text as odds, ${bet.selection}::text as selection, 'placed' as status,
    null::bigint as payout_minor, occurred_at as placed_at, null::timestamptz as settled_at, stream_version
  from placed
),
emitted as (${emitBet('bet')})
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'value', ${showBet('bet')}) from bet),
  (select refused from decided)
)`)}`
  return hot('ledger.place', statement)
}
