-- The newest open alerts of all tenants, at most so many, without user, amount or evidence: those belong to the tenant.
-- Definer: the function serves all tenants.
create or replace function ledger.show_open_alerts(most integer)
returns table (tenant_id bigint, id bigint, kind text, raised_at timestamptz, seen_at timestamptz)
language sql stable security definer
set search_path = ''
as $$
  select a.tenant_id, a.id, a.kind, a.raised_at, a.seen_at
  from ledger.alerts a
  where a.resolved_at is null
  order by a.raised_at desc
  limit most
$$;
