-- Trigger function: raises check_violation for a courier whose version would fall.
create or replace function dispatch.refuse_older_version()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if (new.version < old.version) is not true then
    return new;
  end if;
  raise exception 'courier % cannot go from version % back to %', old.id, old.version, new.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$$;
