-- How many alerts of each tenant are open. Definer: the function serves all tenants.
create or replace function ledger.count_open_alerts() returns table (tenant_id bigint, open bigint)
language sql stable security definer
set search_path = ''
as $$
  select a.tenant_id, count(*)
  from ledger.alerts a
  where a.resolved_at is null
  group by a.tenant_id
$$;
