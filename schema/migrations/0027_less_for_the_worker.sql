-- Takes from everybody, and so from the Worker's role, what nothing here needs. A service may not own the functions of
-- Postgres; then they stay as they are, and the warning says so. Owners keep temporary tables.
do $$
declare
  kept text[] := '{}';
  refused text := null;
  unneeded record;
begin
  begin
    execute format('revoke temporary on database %I from public', current_database());
  exception when insufficient_privilege then
    refused := sqlerrm;
  end;
  for unneeded in
    select p.oid::regprocedure::text as signature
    from pg_catalog.pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace
      and (
        p.proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_open', 'lo_put', 'lo_truncate', 'lo_truncate64', 'lo_unlink', 'lowrite')
        or p.proname ~ '^pg_(try_)?advisory_lock(_shared)?$'
      )
  loop
    begin
      execute 'revoke execute on function pg_catalog.' || unneeded.signature || ' from public';
    exception when insufficient_privilege then
      refused := sqlerrm;
    end;
    if has_function_privilege('lockstep_app', unneeded.signature, 'execute') then
      kept := kept || unneeded.signature;
    end if;
  end loop;
  if refused is not null or kept <> '{}' then
    raise warning 'The Worker keeps privileges that it does not need: %. %', array_to_string(kept, ', '), coalesce(refused, '');
  end if;
end
$$;

-- Statistics of statements are for the operator. They need a library that the server loads at its start, and a role that
-- may create the extension.
do $$
begin
  if current_setting('shared_preload_libraries') !~ '\mpg_stat_statements\M' then
    raise warning 'pg_stat_statements is not created: shared_preload_libraries does not name it';
    return;
  end if;
  create extension if not exists pg_stat_statements schema public;
exception when others then
  raise warning 'pg_stat_statements is not created: %', sqlerrm;
end
$$;
