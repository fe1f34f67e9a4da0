-- Row type: the change of one account by one statement. The change is a debit if one of its events lowers the
-- available amount, not only if their sum does. `lowest` is the lowest point of the available amount on the
-- way, relative to its beginning.
create or replace view ledger.account_changes as
select null::bigint as tenant_id,
  null::text as user_id,
  null::text as currency,
  null::bigint as seq,
  null::bigint as balance_delta,
  null::bigint as reserved_delta,
  null::bigint as lowest,
  null::boolean as debits
where false;
