import { type Declared, grants, sqlFunction, sqlView } from './triggers.ts'

type Aggregate = { name: string; shownAs: string; columns: string; unique: string; query: string }

/** Materialized views know no row-level security: only the view beside each may be read, and it shows one tenant. */
function aggregate({ name, shownAs, columns, unique, query }: Aggregate): Declared[] {
  return [
    {
      kind: 'view',
      name: `ledger.${name}`,
      create: `create materialized view ledger.${name} as${query.trimEnd()};
create unique index ${name}_key on ledger.${name} (${unique})`,
      drop: `drop materialized view ledger.${name}`,
    },
    sqlView({
      name: `ledger.${shownAs}`,
      create: `
create view ledger.${shownAs}
with (security_barrier = true)
as
select ${columns}
from ledger.${name}
where tenant_id = ledger.tenant()`,
    }),
    grants({ on: `table ledger.${shownAs}`, to: 'lockstep_app', privileges: ['select'] }),
  ]
}

const aggregates = ['ledger.tenants_summary_view', 'ledger.user_activity_view', 'ledger.top_bets_today']

export const ledgerAggregatesDeclared: Declared[] = [
  // Bets and payments are summed apart and joined by key: a join of the rows would count each as often as it has others.
  ...aggregate({
    name: 'tenants_summary_view',
    shownAs: 'tenants_summary',
    columns:
      'currency, bets, open_bets, stake_minor, payout_minor, deposits, deposited_minor, withdrawals, withdrawn_minor',
    unique: 'tenant_id, currency',
    query: `
with bets as (
  select tenant_id, currency,
    count(*) as bets,
    count(*) filter (where open) as open_bets,
    sum(amount_minor) as stake_minor,
    coalesce(sum(payout_minor), 0) as payout_minor
  from ledger.bets_view
  group by tenant_id, currency
),
payments as (
  select tenant_id, currency,
    count(*) filter (where kind = 'deposit' and status = 'completed') as deposits,
    coalesce(sum(amount_minor) filter (where kind = 'deposit' and status = 'completed'), 0) as deposited_minor,
    count(*) filter (where kind = 'withdrawal' and status = 'completed') as withdrawals,
    coalesce(sum(amount_minor) filter (where kind = 'withdrawal' and status = 'completed'), 0) as withdrawn_minor
  from ledger.payments_view
  group by tenant_id, currency
)
select tenant_id, currency,
  coalesce(bets, 0) as bets,
  coalesce(open_bets, 0) as open_bets,
  coalesce(stake_minor, 0) as stake_minor,
  coalesce(payout_minor, 0) as payout_minor,
  coalesce(deposits, 0) as deposits,
  coalesce(deposited_minor, 0) as deposited_minor,
  coalesce(withdrawals, 0) as withdrawals,
  coalesce(withdrawn_minor, 0) as withdrawn_minor
from bets
full join payments using (tenant_id, currency)`,
  }),
  ...aggregate({
    name: 'user_activity_view',
    shownAs: 'user_activity',
    columns:
      'user_id, currency, bets, stake_minor, payout_minor, deposited_minor, withdrawn_minor, last_seen_at',
    unique: 'tenant_id, user_id, currency',
    query: `
with bets as (
  select tenant_id, user_id, currency,
    count(*) as bets,
    sum(amount_minor) as stake_minor,
    coalesce(sum(payout_minor), 0) as payout_minor,
    max(placed_at) as last_bet_at
  from ledger.bets_view
  group by tenant_id, user_id, currency
),
payments as (
  select tenant_id, user_id, currency,
    coalesce(sum(amount_minor) filter (where kind = 'deposit' and status = 'completed'), 0) as deposited_minor,
    coalesce(sum(amount_minor) filter (where kind = 'withdrawal' and status = 'completed'), 0) as withdrawn_minor,
    max(requested_at) as last_payment_at
  from ledger.payments_view
  group by tenant_id, user_id, currency
)
select tenant_id, user_id, currency,
  coalesce(bets, 0) as bets,
  coalesce(stake_minor, 0) as stake_minor,
  coalesce(payout_minor, 0) as payout_minor,
  coalesce(deposited_minor, 0) as deposited_minor,
  coalesce(withdrawn_minor, 0) as withdrawn_minor,
  greatest(last_bet_at, last_payment_at) as last_seen_at
from bets
full join payments using (tenant_id, user_id, currency)`,
  }),
  // Today is the day of the refresh, in UTC. Amounts are ranked within their currency: others do not compare.
  ...aggregate({
    name: 'top_bets_today',
    shownAs: 'top_bets',
    columns:
      'bet_id, rank, user_id, amount_minor, currency, odds, selection, status, payout_minor, placed_at',
    unique: 'tenant_id, bet_id',
    query: `
select *
from (
  select tenant_id, bet_id,
    row_number() over (partition by tenant_id, currency order by amount_minor desc, bet_id) as rank,
    user_id, amount_minor, currency, odds, selection, status, payout_minor, placed_at
  from ledger.bets_view
  where placed_at >= date_trunc('day', now(), 'UTC')
    and placed_at < date_trunc('day', now(), 'UTC') + interval '1 day'
) ranked
where rank <= 100`,
  }),

  // Skipped while no event was numbered since, and none was under way when the last refresh looked. The sequence is read
  // first: whoever has taken a number by then either has committed or still holds the sequence's lock.
  sqlFunction({
    name: 'ledger.refresh_aggregate_views()',
    executeBy: 'lockstep_app',
    create: `
create or replace function ledger.refresh_aggregate_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  begun timestamptz := clock_timestamp();
  numbered bigint := coalesce(pg_sequence_last_value('ledger.event_seq'), 0);
  quiet boolean := not exists (
    select from pg_locks l
    where l.relation = 'ledger.event_seq'::regclass
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.pid is distinct from pg_backend_pid()
  );
  name text;
  known core.view_refreshes;
begin
  foreach name in array array[${aggregates.map((one) => `'${one}'`).join(', ')}] loop
    select * into known from core.view_refreshes v where v.view = name order by v.id desc limit 1;
    if known.source_writes = numbered
      and (name <> 'ledger.top_bets_today' or date_trunc('day', known.started_at, 'UTC') = date_trunc('day', begun, 'UTC'))
    then
      update core.view_refreshes v set confirmed_at = begun, skipped = v.skipped + 1 where v.id = known.id;
      return query select name, 'skipped', known.rows, 0::float8, begun;
      continue;
    end if;
    return query select * from core.refresh_view(name);
    update core.view_refreshes v
    set source_writes = numbered
    where quiet
      and v.id = (select max(newest.id) from core.view_refreshes newest where newest.view = name and newest.started_at >= begun);
  end loop;
end
$$`,
  }),
]
