import { type SQL, sql } from 'drizzle-orm'
import { thisOne } from '../../core/claim.ts'
import type { Ctx } from '../../core/context.ts'
import { answer } from '../../core/idempotency.ts'
import { maxMinor } from '../contract.ts'
import { betEventType, type TransitionBet } from '../decide.ts'
import { betStatusAfter } from '../events.ts'
import { actorOf, command } from '../journal/scope.ts'
import { emitBet } from './emit.ts'
import type { BetOutcome } from './place.ts'
import { showBet } from './show.ts'

/** One step in the life of a bet, and what it does to the account. */
export async function transitionBet(ctx: Ctx, betId: string, move: TransitionBet): Promise<BetOutcome> {
  return command(ctx, transitionStatement(ctx, betId, move))
}

function transitionStatement(ctx: Ctx, betId: string, move: TransitionBet): SQL {
  const type = betEventType(move)
  const to = betStatusAfter[type]
  const ends = to !== 'accepted'
  const pays = to === 'won' || to === 'cashed_out'
  // Race: fifty settlements, or a settlement against a cancellation. All lock the bet; whoever comes second finds it
  // moved. Its stake is its own hold, so no money is looked for and no account locked: credits of one user do not wait
  // for each other.
  return sql`
with bet as ${thisOne(sql`
  select v.*
  from ledger.bets_view v
  where v.tenant_id = ledger.tenant()
    and v.bet_id = ${betId}`)},
judged as materialized (
  select b.*, hold.events, net.minor as net_minor, paid.minor as returned_minor,
    case
      when ${move.expectedVersion ?? null}::integer <> b.stream_version
      then jsonb_build_object('ok', false, 'reason', 'version_conflict', 'current', b.stream_version)
      when not ledger.bet_may_become(b.status, ${to})
      then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', b.status, 'to', ${to}::text)
      when ${ends} and hold.minor is distinct from b.amount_minor
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
  ) hold
  cross join lateral (select ${returnedBy(move)} as minor) paid
  cross join lateral (select paid.minor - b.amount_minor as minor) net
),
moved as (
  insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
  select tenant_id, bet_id, stream_version + 1, ${type},
    case when ${pays} then jsonb_build_object('payoutMinor', returned_minor) else ${JSON.stringify(why(move))}::jsonb end,
    ${ctx.idempotency?.id ?? null}, ${actorOf(ctx)}
  from judged
  where refused is null
  returning *
),
posted as (
  insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, occurred_at, actor)
  select j.tenant_id, j.bet_id, j.events + posting.step, posting.type,
    jsonb_build_object('userId', j.user_id, 'currency', j.currency, 'amountMinor', posting.minor),
    moved.occurred_at, moved.actor
  from moved
  join judged j on true
  cross join lateral (
    values
      (1, 'V1_BALANCES_BALANCE_RELEASED', j.amount_minor::numeric),
      (2, case when j.net_minor > 0 then 'V1_BALANCES_BALANCE_CREDITED' else 'V1_BALANCES_BALANCE_DEBITED' end, abs(j.net_minor))
  ) posting (step, type, minor)
  where ${ends}
    and posting.minor > 0
  order by posting.step
),
after as (
  select j.bet_id, j.user_id, j.amount_minor, j.currency, j.odds, j.selection, ${to}::text as status,
    case when ${pays || to === 'lost'} then j.returned_minor end as payout_minor, j.placed_at,
    case when ${ends} then moved.occurred_at end as settled_at, moved.stream_version
  from moved
  join judged j on true
),
told as (${emitBet('after')})
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'value', ${showBet('after')}) from after),
  (select refused from judged),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such bet')
)`)}`
}

/** What of the stake, or in its place, goes back to the user; over `b`, the bet. */
function returnedBy(move: TransitionBet): SQL {
  if (move.do === 'cash-out') return sql`${move.payoutMinor}::numeric`
  if (move.do !== 'settle') return sql`b.amount_minor::numeric`
  if (move.outcome === 'lost') return sql`0::numeric`
  if (move.payoutMinor !== undefined) return sql`${move.payoutMinor}::numeric`
  return sql`ledger.payout_of(b.amount_minor, b.odds)`
}

const why = (move: TransitionBet) =>
  'reason' in move && move.reason !== undefined ? { reason: move.reason } : {}
