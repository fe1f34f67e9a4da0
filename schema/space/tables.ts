import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  date,
  doublePrecision,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core'
import { daysOf, instant, listed, writtenBy } from '../kit/columns.ts'
import {
  answerVerdicts,
  elementSources,
  mediaTypes,
  positionSources,
  visibilities,
  weatherTypes,
  windowedCopies,
} from './states.ts'

export const space = pgSchema('space')

const seq = () => bigint('id', { mode: 'number' }).notNull().generatedAlwaysAsIdentity()
const fetchedAt = () => instant('fetched_at').notNull().defaultNow()
const firstSeenAt = () => instant('first_seen_at').notNull().defaultNow()
const updatedAt = () => instant('updated_at').notNull().defaultNow()

/**
 * Positions of the ISS, one a minute, partitioned by month. The checks refuse positions that the ISS cannot have,
 * from any writer. A computed position is marked; a value that the source does not give is null.
 */
export const issFetchLog = space.table(
  'iss_fetch_log',
  {
    id: seq(),
    noradId: integer('norad_id').notNull(),
    ts: instant('ts').notNull(),
    latitude: doublePrecision('latitude').notNull(),
    longitude: doublePrecision('longitude').notNull(),
    altitudeKm: doublePrecision('altitude_km'),
    velocityKmh: doublePrecision('velocity_kmh'),
    visibility: text('visibility'),
    source: text('source').notNull(),
    computed: boolean('computed').notNull(),
    crossCheckKm: doublePrecision('cross_check_km'),
    errorKm: doublePrecision('error_km'),
    fetchedAt: fetchedAt(),
  },
  (t) => [
    primaryKey({ columns: [t.noradId, t.ts] }),
    check('iss_fetch_log_latitude', sql`latitude between -51.85 and 51.85 or norad_id <> 25544`),
    check('iss_fetch_log_longitude', sql`longitude >= -180 and longitude < 180`),
    check('iss_fetch_log_altitude', sql`altitude_km between 370 and 460 or norad_id <> 25544`),
    check('iss_fetch_log_velocity', sql`velocity_kmh between 27000 and 28500 or norad_id <> 25544`),
    check('iss_fetch_log_visibility', sql`visibility in (${listed(visibilities)})`),
    check('iss_fetch_log_source', sql`source in (${listed(positionSources)})`),
    check('iss_fetch_log_computed', sql`computed = (source = 'sgp4')`),
    check('iss_fetch_log_checked_or_computed', sql`not computed or cross_check_km is null`),
    check('iss_fetch_log_error_of_computed', sql`computed = (error_km is not null)`),
  ],
)

/** Mean orbital elements, never removed: a past position is computed from the nearest ones. */
export const elements = space.table(
  'elements',
  {
    noradId: integer('norad_id').notNull(),
    epoch: instant('epoch').notNull(),
    omm: jsonb('omm').notNull(),
    source: text('source').notNull(),
    fetchedAt: fetchedAt(),
  },
  (t) => [
    primaryKey({ columns: [t.noradId, t.epoch] }),
    check('elements_source', sql`source in (${listed(elementSources)})`),
  ],
)

/**
 * `listing_hash` is the digest of the dataset's entry in the listing. The sync fetches a dataset only if it changes.
 */
export const osdrItems = space.table('osdr_items', {
  datasetId: text('dataset_id').primaryKey(),
  title: text('title').notNull(),
  description: text('description'),
  releaseDate: date('release_date', { mode: 'string' }),
  organism: text('organism'),
  material: text('material'),
  project: text('project'),
  projectType: text('project_type'),
  mission: jsonb('mission'),
  assayTypes: jsonb('assay_types').notNull(),
  raw: jsonb('raw').notNull(),
  contentHash: text('content_hash').notNull(),
  listingHash: text('listing_hash'),
  updatedAt: updatedAt(),
  firstSeenAt: firstSeenAt(),
  searchText: text('search_text').generatedAlwaysAs(
    sql`lower(dataset_id || ' ' || title || ' ' || coalesce(description, '') || ' ' || coalesce(organism, '') || ' ' || coalesce(material, '') || ' ' || coalesce(project, ''))`,
  ),
})

/** Changes of the catalogue, append-only. Readers read in commit order by (xid, id). */
export const osdrChanges = space.table('osdr_changes', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  xid: writtenBy(),
  datasetId: text('dataset_id').notNull(),
  field: text('field').notNull(),
  old: jsonb('old'),
  new: jsonb('new'),
  seenAt: instant('seen_at').notNull().defaultNow(),
})

export const apod = space.table(
  'apod',
  {
    date: date('date', { mode: 'string' }).primaryKey(),
    title: text('title').notNull(),
    explanation: text('explanation'),
    mediaType: text('media_type').notNull(),
    url: text('url'),
    hdUrl: text('hd_url'),
    thumbnailUrl: text('thumbnail_url'),
    copyright: text('copyright'),
    raw: jsonb('raw').notNull(),
    fetchedAt: fetchedAt(),
  },
  () => [check('apod_media_type', sql`media_type in (${listed(mediaTypes)})`)],
)

export const neoApproaches = space.table(
  'neo_approaches',
  {
    neoId: text('neo_id').notNull(),
    closeApproachDate: date('close_approach_date', { mode: 'string' }).notNull(),
    orbitingBody: text('orbiting_body').notNull(),
    name: text('name').notNull(),
    approachAt: instant('approach_at').notNull(),
    hazardous: boolean('hazardous').notNull(),
    // Null: the upstream does not say.
    sentry: boolean('sentry'),
    absoluteMagnitude: doublePrecision('absolute_magnitude'),
    diameterMinM: doublePrecision('diameter_min_m'),
    diameterMaxM: doublePrecision('diameter_max_m'),
    velocityKmh: doublePrecision('velocity_kmh').notNull(),
    missDistanceKm: doublePrecision('miss_distance_km').notNull(),
    jplUrl: text('jpl_url'),
    raw: jsonb('raw').notNull(),
    updatedAt: updatedAt(),
    firstSeenAt: firstSeenAt(),
  },
  (t) => [
    primaryKey({ columns: [t.neoId, t.closeApproachDate, t.orbitingBody] }),
    check('neo_approaches_no_key', sql`raw::text not like '%api_key%'`),
  ],
)

/** The newest version of each event; donki_revisions holds all versions. */
export const donkiEvents = space.table(
  'donki_events',
  {
    type: text('type').notNull(),
    eventId: text('event_id').notNull(),
    versionId: integer('version_id').notNull(),
    startedAt: instant('started_at').notNull(),
    peakAt: instant('peak_at'),
    endedAt: instant('ended_at'),
    classType: text('class_type'),
    rank: doublePrecision('rank'),
    sourceLocation: text('source_location'),
    activeRegion: integer('active_region'),
    note: text('note'),
    link: text('link'),
    linkedEvents: jsonb('linked_events').notNull(),
    raw: jsonb('raw').notNull(),
    updatedAt: updatedAt(),
    firstSeenAt: firstSeenAt(),
  },
  (t) => [
    primaryKey({ columns: [t.type, t.eventId] }),
    check('donki_events_type', sql`type in (${listed(weatherTypes)})`),
  ],
)

/** Every version of an event that the sync has seen, append-only. */
export const donkiRevisions = space.table(
  'donki_revisions',
  {
    type: text('type').notNull(),
    eventId: text('event_id').notNull(),
    versionId: integer('version_id').notNull(),
    raw: jsonb('raw').notNull(),
    seenAt: instant('seen_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.type, t.eventId, t.versionId] }),
    check('donki_revisions_type', sql`type in (${listed(weatherTypes)})`),
  ],
)

/** The state of each upstream after earlier calls. A quota is stored under the name of its account. */
export const upstreamState = space.table(
  'upstream_state',
  {
    upstream: text('upstream').primaryKey(),
    lastOkAt: instant('last_ok_at'),
    lastErrorAt: instant('last_error_at'),
    lastError: text('last_error'),
    failures: integer('failures').notNull().default(0),
    openUntil: instant('open_until'),
    quotaLimit: integer('quota_limit'),
    quotaLeft: integer('quota_left'),
    quotaUntil: instant('quota_until'),
  },
  () => [check('upstream_state_failures', sql`failures >= 0`)],
)

/**
 * Objects that an upstream could not give: a dataset, a day. The walk over the others passes them over and tries them
 * again at `retry_at`. A row goes when its object arrives.
 */
export const upstreamMisses = space.table(
  'upstream_misses',
  {
    upstream: text('upstream').notNull(),
    object: text('object').notNull(),
    failures: integer('failures').notNull(),
    reason: text('reason').notNull(),
    missedAt: instant('missed_at').notNull(),
    retryAt: instant('retry_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.upstream, t.object] }),
    // Zero while a request is fetching the object for the first time.
    check('upstream_misses_failures', sql`failures >= 0`),
  ],
)

/**
 * The days of each copy that the upstream answered for. On a covered day "no rows" means that there was nothing; on any
 * other day it means nothing.
 */
export const copyCoverage = space.table(
  'copy_coverage',
  {
    copy: text('copy').primaryKey(),
    covered: daysOf('covered').notNull(),
    readAt: instant('read_at').notNull(),
  },
  () => [
    check('copy_coverage_copy', sql`copy in (${listed(windowedCopies)})`),
    check('copy_coverage_some', sql`not isempty(covered)`),
  ],
)

/**
 * Bodies that upstreams sent, whole, with the parser's decision: parsing a body again gives the same rows. Equal
 * bodies of one request are stored once. No column holds an API key: requests carry it in a header, and the Worker
 * removes it from the body of the one upstream that echoes it.
 */
export const upstreamAnswers = space.table(
  'upstream_answers',
  {
    upstream: text('upstream').notNull(),
    request: text('request').notNull(),
    bodyHash: text('body_hash').notNull(),
    status: integer('status').notNull(),
    contentType: text('content_type').notNull(),
    body: text('body').notNull(),
    verdict: text('verdict').notNull(),
    reason: text('reason'),
    times: integer('times').notNull().default(1),
    firstReceivedAt: instant('first_received_at').notNull().defaultNow(),
    receivedAt: instant('received_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.upstream, t.request, t.bodyHash] }),
    check('upstream_answers_verdict', sql`verdict in (${listed(answerVerdicts)})`),
    check('upstream_answers_reason', sql`(verdict in ('quarantined', 'partial')) = (reason is not null)`),
    check('upstream_answers_no_key', sql`(body || request) not like '%api_key=%'`),
  ],
)
