-- Trigger function: raises check_violation for an order that would go back.
create or replace function dispatch.refuse_step_back()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if (new.fence < old.fence
    or new.version < old.version
    or new.status <> old.status and (
      old.status in ('canceled', 'returned')
      or old.status = 'delivered' and (new.status <> 'picked_up' or old.settled_at is not null)
    )
    or old.settled_at is not null and new.settled_at is distinct from old.settled_at) is not true
  then
    return new;
  end if;
  raise exception 'order % cannot go back: % fence % version % after % fence % version %',
    old.id, new.status, new.fence, new.version, old.status, old.fence, old.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$$;
