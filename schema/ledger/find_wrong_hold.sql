-- Returns the first of these streams that holds another amount than its bet or withdrawal reserves; null if none does.
-- An open bet holds its stake and a requested withdrawal its amount, on their own account. Nothing else holds money,
-- because no command could release it.
-- Without statistics the planner takes any index of the tenant for one that finds a row. A range in an order leads it to
-- the primary key, because no other index has that order.
create or replace function ledger.find_wrong_hold(streams text[]) returns jsonb
language sql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
  with owners as (
    select s.id, b.user_id, b.currency, case when b.open then b.amount_minor else 0 end as reserves
    from unnest(streams) s (id),
    lateral (
      select *
      from ledger.bets_view v
      where v.tenant_id = ledger.tenant()
        and v.bet_id between s.id and s.id
      order by v.bet_id
      limit 1
    ) b
    union all
    select s.id, p.user_id, p.currency, case when p.open and p.kind = 'withdrawal' then p.amount_minor else 0 end
    from unnest(streams) s (id),
    lateral (
      select *
      from ledger.payments_view v
      where v.tenant_id = ledger.tenant()
        and v.payment_id between s.id and s.id
      order by v.payment_id
      limit 1
    ) p
  ),
  holds as (
    select s.id, e.user_id, e.currency, sum(e.reserved_delta)::bigint as held
    from unnest(streams) s (id),
    lateral (
      select e.user_id, e.currency, e.reserved_delta
      from ledger.balance_events e
      where e.tenant_id = ledger.tenant()
        and e.aggregate_id = s.id
      order by e.stream_version
      offset 0
    ) e
    group by s.id, e.user_id, e.currency
  )
  select jsonb_build_object(
    'aggregate_id', id, 'user_id', user_id, 'currency', currency, 'held', coalesce(held, 0), 'reserves', coalesce(reserves, 0)
  )
  from owners
  full join holds using (id, user_id, currency)
  where coalesce(held, 0) <> coalesce(reserves, 0)
  order by id
  limit 1
$$;
