-- Applies changes of many accounts, set by set. All of them exist.
-- Race: two batches that share accounts. A lateral join looks the rows up by key, one after the other, so both
-- batches lock them in the order of the keys. No estimate of the planner can reverse that join.
create or replace function ledger.change_accounts(changes ledger.account_changes[]) returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  rest ledger.account_changes[] := changes;
  wrong record;
begin
  for attempt in 1..2 loop
    -- An upsert of final values, since each row is there and locked: unlike an update it has no join to plan.
    with applied as (
      insert into ledger.user_balances_view (tenant_id, user_id, currency, balance_minor, reserved_minor, last_seq)
      select c.tenant_id, c.user_id, c.currency, b.balance_minor + c.balance_delta, b.reserved_minor + c.reserved_delta,
        greatest(b.last_seq, c.seq)
      from unnest(rest) c,
      lateral (
        select *
        from ledger.user_balances_view b
        where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
        for update
      ) b
      where (b.available_minor + c.lowest >= least(0, b.available_minor) or b.may_go_negative)
        and (b.quarantined_at is null or not c.debits)
      on conflict (tenant_id, user_id, currency) do update
      set balance_minor = excluded.balance_minor, reserved_minor = excluded.reserved_minor, last_seq = excluded.last_seq
      returning tenant_id, user_id, currency
    )
    select array_agg(c)
    into rest
    from unnest(rest) c
    where (c.tenant_id, c.user_id, c.currency) not in (select tenant_id, user_id, currency from applied);
    if rest is null then
      return;
    end if;
    exit when attempt = 2 or not exists (select from unnest(rest) where lowest < 0);

    -- Too little on the row: it may wait beside it.
    perform
    from unnest(rest) c,
    lateral (
      select
      from ledger.user_balances_view b
      where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
      for update
    ) locked;
    perform ledger.fold_deltas(rest);
  end loop;

  select b.user_id, b.currency, b.available_minor, b.quarantined_at
  into wrong
  from unnest(rest) c,
  lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
    offset 0
  ) b
  limit 1;
  raise exception using
    errcode = case when wrong.quarantined_at is null then 'LS102' else 'LS103' end,
    message = 'the account does not allow it',
    column = to_jsonb(wrong);
end
$$;
