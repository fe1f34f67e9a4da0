-- Trigger function: counts the statements that changed a table which materialized views read. A counter has
-- sixteen shards, so writers rarely wait for each other. Definer: the Worker may not write counters.
create or replace function core.count_writes() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if tg_op <> 'TRUNCATE' then
    if not exists (select from changed) then
      return null;
    end if;
  end if;
  insert into core.source_writes as w (source, shard, writes)
  values (tg_table_schema || '.' || tg_table_name, pg_catalog.pg_backend_pid() % 16, 1)
  on conflict (source, shard) do update
  set writes = w.writes + 1;
  return null;
end
$$;
