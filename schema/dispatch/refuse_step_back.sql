-- Trigger function: raises check_violation for an order that would go back.
create or replace function dispatch.refuse_step_back()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception 'order % cannot go back: % fence % version % after % fence % version %',
    old.id, new.status, new.fence, new.version, old.status, old.fence, old.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$$;
