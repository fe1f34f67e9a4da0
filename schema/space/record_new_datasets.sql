-- Trigger function: inserts one row for each new dataset.
create or replace function space.record_new_datasets() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into space.osdr_changes (dataset_id, field, old, new)
  select a.dataset_id, 'dataset', null, to_jsonb(a.title)
  from after_rows a
  order by a.dataset_id;
  return null;
end
$$;
