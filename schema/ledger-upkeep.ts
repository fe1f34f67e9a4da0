import { type Declared, sqlFunction } from './triggers.ts'

export const ledgerUpkeepDeclared: Declared[] = [
  // What credits left beside busy accounts, moved into their rows; an account that is busy now is left for the next run.
  // Definer: it serves all tenants at once, and tells nothing but a number.
  sqlFunction({
    name: 'ledger.fold_waiting(integer)',
    executeBy: 'lockstep_app',
    create: `
create or replace function ledger.fold_waiting(most integer) returns bigint
language plpgsql security definer
set search_path = ''
as $$
declare
  free ledger.account_changes[];
begin
  select array_agg(row(b.tenant_id, b.user_id, b.currency, null, null, null, null, null)::ledger.account_changes)
  into free
  from (select distinct tenant_id, user_id, currency from ledger.balance_deltas order by 1, 2, 3 limit most) d,
  lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = d.tenant_id
      and b.user_id = d.user_id
      and b.currency = d.currency
    for update skip locked
  ) b;
  perform ledger.fold_deltas(free);
  return coalesce(cardinality(free), 0);
end
$$`,
  }),

  // What does not hold in one tenant's books, in one snapshot each: so writers at work are no differences.
  sqlFunction({
    name: 'ledger.find_differences(bigint, integer)',
    create: `
create or replace function ledger.find_differences(of_tenant bigint, sample integer)
returns table (kind text, subject text, user_id text, currency text, evidence jsonb)
language sql
set search_path = ''
as $$
  select 'balance', concat_ws(':', d.key ->> 'user_id', d.key ->> 'currency'), d.key ->> 'user_id', d.key ->> 'currency',
    jsonb_build_object('expected', d.expected, 'actual', d.actual)
  from ledger.verify_user_balances_view(of_tenant, sample) d
  union all
  select 'bet', d.key ->> 'bet_id', coalesce(d.expected, d.actual) ->> 'user_id', coalesce(d.expected, d.actual) ->> 'currency',
    jsonb_build_object('expected', d.expected, 'actual', d.actual)
  from ledger.verify_bets_view(of_tenant, sample) d
  union all
  select 'payment', d.key ->> 'payment_id', coalesce(d.expected, d.actual) ->> 'user_id',
    coalesce(d.expected, d.actual) ->> 'currency', jsonb_build_object('expected', d.expected, 'actual', d.actual)
  from ledger.verify_payments_view(of_tenant, sample) d
  union all
  select 'negative', concat_ws(':', b.user_id, b.currency), b.user_id, b.currency, to_jsonb(b)
  from ledger.user_balances b
  where b.tenant_id = of_tenant
    and (b.reserved_minor < 0 or b.available_minor < 0 and not b.may_go_negative)
  union all
  select 'hold', concat_ws(':', user_id, currency), user_id, currency,
    jsonb_build_object('heldMinor', held, 'openMinor', open)
  from (
    select b.user_id, b.currency, b.reserved_minor as held
    from ledger.user_balances b
    where b.tenant_id = of_tenant
      and b.reserved_minor <> 0
  ) holds
  full join (
    select o.user_id, o.currency, sum(o.amount_minor)::bigint as open
    from (
      select v.user_id, v.currency, v.amount_minor
      from ledger.bets_view v
      where v.tenant_id = of_tenant
        and v.open
      union all
      select p.user_id, p.currency, p.amount_minor
      from ledger.payments_view p
      where p.tenant_id = of_tenant
        and p.open
        and p.kind = 'withdrawal'
    ) o
    group by o.user_id, o.currency
  ) opened using (user_id, currency)
  where held is distinct from open
$$`,
  }),

  // The tenant after that one: a jump from key to key, where `select distinct` would read every row.
  sqlFunction({
    name: 'ledger.next_tenant(bigint)',
    create: `
create or replace function ledger.next_tenant(after bigint) returns bigint
language sql stable
set search_path = ''
as $$
  select least(
    (select tenant_id from ledger.bets_view where tenant_id > after order by tenant_id limit 1),
    (select tenant_id from ledger.payments_view where tenant_id > after order by tenant_id limit 1),
    (select tenant_id from ledger.user_balances_view where tenant_id > after order by tenant_id limit 1)
  )
$$`,
  }),

  // Every tenant, those first who waited longest, for at most four seconds. An account in which something differs is
  // quarantined: its debits are refused until somebody has looked. Definer: it serves all tenants, and tells numbers.
  sqlFunction({
    name: 'ledger.check_invariants(integer)',
    executeBy: 'lockstep_app',
    create: `
create or replace function ledger.check_invariants(sample integer) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  begun timestamptz := clock_timestamp();
  tenant bigint;
  checked integer := 0;
  found integer;
  barred integer;
  different integer := 0;
  quarantined integer := 0;
begin
  for tenant in
    with recursive tenants as (
      select ledger.next_tenant(0) as tenant_id
      union all
      select ledger.next_tenant(t.tenant_id)
      from tenants t
      where t.tenant_id is not null
    )
    select t.tenant_id
    from tenants t
    left join ledger.invariant_checks c using (tenant_id)
    where t.tenant_id is not null
    order by c.checked_at nulls first
  loop
    exit when clock_timestamp() > begun + interval '4 seconds';
    with different as materialized (
      select d.*
      from ledger.find_differences(tenant, sample) d
      left join ledger.alerts a
        on a.tenant_id = tenant and a.kind = d.kind and a.subject = d.subject and a.resolved_at is null
      order by a.id is not null
      limit 5000
    ),
    raised as (
      insert into ledger.alerts as a (tenant_id, kind, subject, user_id, currency, evidence)
      select tenant, d.kind, d.subject, d.user_id, d.currency, d.evidence
      from different d
      on conflict (tenant_id, kind, subject) where resolved_at is null do update
      set evidence = excluded.evidence, seen_at = now()
    ),
    held_back as (
      insert into ledger.system_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      select tenant, d.account, coalesce((
          select max(e.stream_version)
          from ledger.system_events e
          where e.tenant_id = tenant
            and e.aggregate_id = d.account
        ), 0) + 1,
        'V1_SYSTEM_ACCOUNT_QUARANTINED',
        jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'reason', d.kind, 'evidence', d.evidence),
        'system:invariants'
      from (
        select distinct on (user_id, currency) *, user_id || ':' || currency as account
        from different
        where user_id is not null
        order by user_id, currency
      ) d
      left join ledger.user_balances_view b
        on b.tenant_id = tenant and b.user_id = d.user_id and b.currency = d.currency
      where b.quarantined_at is null
      returning tenant_id, aggregate_id, event_data
    ),
    told as (
      insert into core.outbox (topic, audience, subject, type, data)
      select 'ledger', 'tenant:' || tenant_id, 'account:' || aggregate_id, 'account.quarantined', event_data
      from held_back
    )
    select (select count(*) from different), (select count(*) from held_back)
    into found, barred;
    checked := checked + 1;
    different := different + found;
    quarantined := quarantined + barred;
    insert into ledger.invariant_checks as c (tenant_id, checked_at)
    values (tenant, clock_timestamp())
    on conflict (tenant_id) do update set checked_at = excluded.checked_at;
  end loop;
  return jsonb_build_object(
    'rows', different, 'tenants', checked, 'differences', different, 'quarantined', quarantined,
    'outcome', case when checked = 0 then 'skipped' else 'ok' end
  );
end
$$`,
  }),
]
