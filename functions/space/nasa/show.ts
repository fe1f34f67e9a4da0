import { sql } from 'drizzle-orm'

/** A picture `a`, without its staleness. */
export const pictureColumns = sql`jsonb_build_object(
  'asOf', core.iso(a.fetched_at), 'date', a.date, 'title', a.title, 'explanation', a.explanation,
  'mediaType', a.media_type, 'url', a.url, 'hdUrl', a.hd_url, 'thumbnailUrl', a.thumbnail_url, 'copyright', a.copyright
)`

/** A space weather event `e` with its links. A link has an `href` only if the linked event is stored here. */
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
