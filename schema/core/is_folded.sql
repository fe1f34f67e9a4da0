-- Asks the registered function whether every row of this time is folded. A table without such a function folds
-- nothing. Null means that the function does not know, so the answer is false and the rows stay.
create or replace function core.is_folded(
  registered core.partitioned, first_moment timestamptz, next_moment timestamptz
) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  folded boolean := true;
begin
  if registered.folded_by is not null then
    execute format('select %s($1, $2)', registered.folded_by::regproc) into folded using first_moment, next_moment;
  end if;
  return coalesce(folded, false);
end
$$;
