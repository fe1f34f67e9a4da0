import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import type { SystemEvent } from '../events.ts'
import { runCommand } from '../journal/scope.ts'
import type { Balance, Notice } from './contract.ts'
import { showBalance } from './show.ts'

type Noted = { userId: string; currency: string; notice: Notice; reason: string }

const types: Record<Notice, SystemEvent['type']> = {
  'allow-overdraft': 'V1_SYSTEM_OVERDRAFT_ALLOWED',
  'forbid-overdraft': 'V1_SYSTEM_OVERDRAFT_FORBIDDEN',
  quarantine: 'V1_SYSTEM_ACCOUNT_QUARANTINED',
  clear: 'V1_SYSTEM_ACCOUNT_CLEARED',
}

/** Records an operator's decision about an account. `clear` also resolves the account's open alerts. */
export async function noteAccount(
  ctx: Ctx,
  { userId, currency, notice, reason }: Noted,
): Promise<{ ok: true; value: Balance } | Refused> {
  const data: SystemEvent['data'] = { userId, currency, reason }
  // Race: two notices take one stream version. The unique key admits one, and the other runs again.
  return runCommand(
    ctx,
    named('ledger.note-account')`
with account as (
  select b.*
  from ledger.user_balances b
  where b.tenant_id = ledger.tenant()
    and b.user_id = ${userId}
    and b.currency = ${currency}
),
decided as materialized (
  select a.*,
    ${notice === 'forbid-overdraft'} and a.available_minor < 0 as overdrawn,
    coalesce((
      select max(e.stream_version)
      from ledger.system_events e
      where e.tenant_id = a.tenant_id
        and e.aggregate_id = a.user_id || ':' || a.currency
    ), 0) as version
  from account a
),
noted as (
  insert into ledger.system_events
    (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
  select tenant_id, user_id || ':' || currency, version + 1, ${types[notice]}, ${JSON.stringify(data)}::jsonb, ${ctx.idempotency?.id ?? null},
    ${actorOf(ctx)}
  from decided
  where not overdrawn
  returning *
),
resolved as (
  update ledger.alerts a
  set resolved_at = clock_timestamp()
  from noted n
  where ${notice === 'clear'}
    and a.tenant_id = n.tenant_id
    and a.resolved_at is null
    and a.user_id = n.user_id
    and a.currency = n.currency
),
after as (
  select d.currency, d.balance_minor, d.reserved_minor, d.available_minor,
    case n.event_type when 'V1_SYSTEM_OVERDRAFT_ALLOWED' then true when 'V1_SYSTEM_OVERDRAFT_FORBIDDEN' then false
      else d.may_go_negative end as may_go_negative,
    case n.event_type when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then n.created_at when 'V1_SYSTEM_ACCOUNT_CLEARED' then null
      else d.quarantined_at end as quarantined_at
  from noted n
  join decided d on true
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'value', ${showBalance}) from after b),
  (
    select jsonb_build_object('ok', false, 'reason', 'conflict', 'detail', 'The account is overdrawn')
    from decided
    where overdrawn
  ),
  jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such account')
)`)}`,
  )
}
