-- Folds the deltas that wait beside accounts into the accounts' rows. The caller has locked these rows.
create or replace function ledger.fold_deltas(accounts ledger.account_changes[]) returns void
language sql
set search_path = ''
set enable_seqscan = off
as $$
  with folded as (
    delete from ledger.balance_deltas
    where ctid = any (array(
      select d.ctid
      from unnest(accounts) a,
      lateral (
        select ctid
        from ledger.balance_deltas d
        where d.tenant_id = a.tenant_id and d.user_id = a.user_id and d.currency = a.currency
        offset 0
      ) d
    ))
    returning *
  )
  insert into ledger.user_balances_view (tenant_id, user_id, currency, balance_minor, reserved_minor, last_seq)
  select f.tenant_id, f.user_id, f.currency, b.balance_minor + f.balance, b.reserved_minor + f.reserved,
    greatest(b.last_seq, f.seq)
  from (
    select tenant_id, user_id, currency, max(seq) as seq, sum(balance_delta) as balance, sum(reserved_delta) as reserved
    from folded
    group by tenant_id, user_id, currency
  ) f,
  lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = f.tenant_id and b.user_id = f.user_id and b.currency = f.currency
    offset 0
  ) b
  on conflict (tenant_id, user_id, currency) do update
  set balance_minor = excluded.balance_minor, reserved_minor = excluded.reserved_minor, last_seq = excluded.last_seq
$$;
