-- Lists the broken invariants of one tenant. Each check reads one snapshot, so concurrent writers cause no
-- difference.
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
$$;
