import { type SQL, sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import { thisOne } from '../../core/claim.ts'
import type { Ctx } from '../../core/context.ts'
import { hot } from '../../core/hot.ts'
import { answer } from '../../core/idempotency.ts'
import type { Statement } from '../../core/named.ts'
import { maxMinor } from '../contract.ts'
import { betEventType, type TransitionBet } from '../decide.ts'
import { betStatusAfter } from '../events.ts'
import { type By, runCommand } from '../journal/scope.ts'
import { emitBet } from './emit.ts'
import type { BetOutcome } from './place.ts'
import { showBet } from './show.ts'

/** Moves a bet to its next state and posts the money that follows from it. */
export async function transitionBet(ctx: Ctx, betId: string, command: TransitionBet): Promise<BetOutcome> {
  return runCommand(ctx, transitionStatement(ctx, betId, command))
}

export function transitionStatement(by: By, betId: string, command: TransitionBet): Statement {
  const type = betEventType(command)
  const to = betStatusAfter[type]
  const ends = to !== 'accepted'
  const pays = to === 'won' || to === 'cashed_out'
  // Race: fifty settlements compete, or a settlement and a cancellation. Each locks the bet, and the second finds it
  // already moved. The reserved stake covers every outcome, so the statement needs no available money and locks no
  // account: credits of one user do not wait for each other.
  const statement = sql`
with bet as ${thisOne(sql`
  select v.*
  from ledger.bets_view v
  where v.tenant_id = ledger.tenant()
    and v.bet_id = ${betId}`)},
decided as materialized (
  select b.*, held.events, net.minor as net_minor, paid.minor as returned_minor,
    case
      when ${command.expectedVersion ?? null}::integer <> b.stream_version
      then jsonb_build_object('ok', false, 'reason', 'version_conflict', 'current', b.stream_version)
      when not ledger.bet_may_become(b.status, ${to})
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', b.status, 'to', ${to}::text)
      when ${ends} and held.minor is distinct from b.amount_minor
      then jsonb_build_object('ok', false, 'reason', 'hold_missing')
      when ${ends} and net.minor < 0 and a.quarantined_at is not null
      then jsonb_build_object('ok', false, 'reason', 'quarantined')
      when ${ends} and (paid.minor > ${maxMinor}::numeric or coalesce(a.balance_minor, 0) + net.minor > ${maxMinor}::numeric)
      then jsonb_build_object('ok', false, 'reason', 'amount_out_of_range')
    end as refused
  from bet b
  left join ledger.user_balances a
    on a.tenant_id = b.tenant_id and a.user_id = b.user_id and a.currency = b.currency
  cross join lateral (
    select count(*)::integer as events, sum(e.reserved_delta) as minor
    from ledger.balance_events e
    where e.tenant_id = b.tenant_id
      and e.aggregate_id = b.bet_id
  ) held
  cross join lateral (select ${returnedBy(command)} as minor) paid
  cross join lateral (select paid.minor - b.amount_minor as minor) net
),
moved as (
  insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
  select tenant_id, bet_id, stream_version + 1, ${type},
    case when ${pays} then jsonb_build_object('payoutMinor', returned_minor) else ${JSON.stringify(why(command))}::jsonb end,
    ${by.idempotency?.id ?? null}, ${actorOf(by)}
  from decided
  where refused is null
  returning *
),
posted as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select d.tenant_id, d.bet_id, d.events + posting.step, posting.type,
    jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'amountMinor', posting.minor),
    moved.occurred_at, moved.actor
  from moved
  join decided d on true
  cross join lateral (
    values
      (1, 'V1_BALANCES_BALANCE_RELEASED', d.amount_minor::numeric),
      (2, case when d.net_minor > 0 then 'V1_BALANCES_BALANCE_CREDITED' else 'V1_BALANCES_BALANCE_DEBITED' end, abs(d.net_minor))
  ) posting (step, type, minor)
  where ${ends}
    and posting.minor > 0
  order by posting.step
),
after as (
  select d.bet_id, d.user_id, d.amount_minor, d.currency, d.odds, d.selection, ${to}::text as status,
    case when ${pays || to === 'lost'} then d.returned_minor end as payout_minor, d.placed_at,
    case when ${ends} then moved.occurred_at end as settled_at, moved.stream_version
  from moved
  join decided d on true
),
emitted as (${emitBet('after')})
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'value', ${showBet('after')}) from after),
  (select refused from decided),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such bet')
)`)}`
  return hot('ledger.transition-bet', statement)
}

/** The amount that returns to the user: payout or stake, of the bet `b`. */
function returnedBy(command: TransitionBet): SQL {
  if (command.do === 'cash-out') return sql`${command.payoutMinor}::numeric`
  if (command.do !== 'settle') return sql`b.amount_minor::numeric`
  if (command.outcome === 'lost') return sql`0::numeric`
  if (command.payoutMinor !== undefined) return sql`${command.payoutMinor}::numeric`
  return sql`ledger.payout_of(b.amount_minor, b.odds)`
}

const why = (command: TransitionBet) =>
  'reason' in command && command.reason !== undefined ? { reason: command.reason } : {}
