-- Datasets by the year of their release.
create materialized view space.mv_osdr_by_year as
select
  extract(year from release_date)::integer as year,
  count(*)::integer as dataset_count,
  count(description)::integer as datasets_with_description
from space.osdr_items
where release_date is not null
group by 1;
