-- The newest open alerts, at most so many of each tenant, without user, amount or evidence: those belong to the tenant.
-- Definer: the function serves all tenants.
create or replace function ledger.show_open_alerts(most integer)
returns table (tenant_id bigint, id bigint, kind text, raised_at timestamptz, seen_at timestamptz)
language sql stable security definer
set search_path = ''
as $$
  select a.tenant_id, a.id, a.kind, a.raised_at, a.seen_at
  from (
    select *, row_number() over (partition by tenant_id order by raised_at desc, id desc) as nth
    from ledger.alerts
    where resolved_at is null
  ) a
  where a.nth <= most
$$;
