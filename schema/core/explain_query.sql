-- The generic plan of a statement of ours, by its id in core.query_texts: nothing runs. Null if Postgres cannot plan the
-- text, as where a constant that the grammar needs was replaced by a parameter. Inside a function the parameters have no
-- values; over the extended protocol a driver would send nulls, which the planner folds in. Volatile, because Postgres
-- refuses EXPLAIN in other functions.
create or replace function core.explain_query(bigint)
returns text
language plpgsql volatile
set search_path = ''
as $$
declare
  line text;
  plan text := '';
begin
  for line in execute 'explain (generic_plan) ' || (select t.text from core.query_texts t where t.query_id = $1) loop
    plan := plan || line || e'\n';
  end loop;
  return nullif(plan, '');
exception
  when others then
    return null;
end
$$;
