-- Keeps the configuration of a campaign's new version, parts included: an after trigger sees all that its statement
-- wrote. The choice of a click can then be recomputed from the version that its redirect read.
create or replace function clicks.keep_version() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into clicks.campaign_versions (campaign_id, version, config)
  values (new.id, new.version, clicks.config_of(new.id));
  return null;
end
$$;
