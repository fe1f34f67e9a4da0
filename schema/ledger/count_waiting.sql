-- How many deltas wait to be folded into their accounts, counted up to a limit. Definer: the function serves all tenants and
-- returns only a number.
create or replace function ledger.count_waiting(most integer) returns bigint
language sql stable security definer
set search_path = ''
as $$
  select count(*) from (select from ledger.balance_deltas limit most) d
$$;
