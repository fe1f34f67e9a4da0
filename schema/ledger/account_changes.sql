-- What one statement does to one account; for its row type. It takes if it lowers what is available at any of its
-- events, not only in the end: `lowest` is how far below its beginning the account fell.
create or replace view ledger.account_changes as
select null::bigint as tenant_id,
  null::text as user_id,
  null::text as currency,
  null::bigint as seq,
  null::bigint as balance_delta,
  null::bigint as reserved_delta,
  null::bigint as lowest,
  null::boolean as debits
where false
