-- Trigger function: inserts one row for each changed field, for every writer. A change of fields that the API
-- does not show is one row 'raw'.
create or replace function space.record_dataset_changes() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into space.osdr_changes (dataset_id, field, old, new)
  select a.dataset_id, changed.field, changed.was, changed.became
  from after_rows a
  join before_rows b on b.dataset_id = a.dataset_id
  cross join lateral (
    values
      ('title', to_jsonb(b.title), to_jsonb(a.title)),
      ('description', to_jsonb(b.description), to_jsonb(a.description)),
      ('releaseDate', to_jsonb(b.release_date), to_jsonb(a.release_date)),
      ('organism', to_jsonb(b.organism), to_jsonb(a.organism)),
      ('material', to_jsonb(b.material), to_jsonb(a.material)),
      ('project', to_jsonb(b.project), to_jsonb(a.project)),
      ('projectType', to_jsonb(b.project_type), to_jsonb(a.project_type)),
      ('mission', b.mission, a.mission),
      ('assayTypes', b.assay_types, a.assay_types),
      ('raw', to_jsonb(b.content_hash), case
        when row(b.title, b.description, b.release_date, b.organism, b.material, b.project, b.project_type, b.mission,
            b.assay_types)
          is distinct from row(a.title, a.description, a.release_date, a.organism, a.material, a.project,
            a.project_type, a.mission, a.assay_types)
        then to_jsonb(b.content_hash)
        else to_jsonb(a.content_hash)
      end)
  ) changed (field, was, became)
  where changed.was is distinct from changed.became
  order by a.dataset_id, changed.field;
  return null;
end
$$;
