import { sql } from 'drizzle-orm'

/** A fix `f` of the log as the wire has it, and when it came. */
export const fixColumns = sql`jsonb_build_object(
  'noradId', f.norad_id,
  'ts', core.iso(f.ts),
  'latitude', f.latitude,
  'longitude', f.longitude,
  'altitudeKm', f.altitude_km,
  'velocityKmh', f.velocity_kmh,
  'visibility', f.visibility,
  'source', f.source,
  'computed', f.computed,
  'crossCheckKm', f.cross_check_km,
  'errorKm', f.error_km,
  'fetchedAt', core.iso(f.fetched_at)
)`

/** A dataset `d` as a list shows it. */
export const datasetColumns = sql`jsonb_build_object(
  'accession', d.dataset_id,
  'title', d.title,
  'description', d.description,
  'releaseDate', d.release_date,
  'organism', d.organism,
  'material', d.material,
  'project', d.project,
  'projectType', d.project_type,
  'mission', d.mission,
  'assayTypes', d.assay_types,
  'updatedAt', core.iso(d.updated_at)
)`

/** An event `e` with its links; one is followed only to what is known here. */
export const weatherColumns = sql`jsonb_build_object(
  'type', e.type,
  'id', e.event_id,
  'versionId', e.version_id,
  'startedAt', core.iso(e.started_at),
  'peakAt', core.iso(e.peak_at),
  'endedAt', core.iso(e.ended_at),
  'class', e.class_type,
  'speedKms', case when e.type = 'cme' then e.rank end,
  'kpIndex', case when e.type = 'gst' then e.rank / 10 end,
  'sourceLocation', e.source_location,
  'activeRegion', e.active_region,
  'note', e.note,
  'link', e.link,
  'linkedEvents', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'id', linked.id,
      'href', '/v1/space/donki/' || known.type || '/' || linked.id
    ) order by linked.place), '[]'::jsonb)
    from jsonb_array_elements_text(e.linked_events) with ordinality linked (id, place)
    left join space.donki_events known
      on known.event_id = linked.id
      and known.type = lower(substring(linked.id from '-([A-Z]+)-[0-9]+$'))
  ),
  'updatedAt', core.iso(e.updated_at)
)`
