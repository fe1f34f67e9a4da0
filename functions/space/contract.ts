import * as z from 'zod'
import { instant, shownInstant } from '../http/fields.ts'

const day = z.iso.date()
const number = z.number()
const maybe = z.number().nullable()

/** Decimal digits and nothing else; what is out of range is refused with the range, never clamped. */
function decimal(least: number, most: number, form = /^-?\d{1,9}(\.\d{1,20})?$/) {
  const allowed = `Allowed: ${least} to ${most}`
  return z
    .string()
    .regex(form, allowed)
    .transform(Number)
    .pipe(z.number().min(least, allowed).max(most, allowed))
}
const whole = (least: number, most: number, otherwise: number) =>
  decimal(least, most, /^-?\d{1,9}$/)
    .pipe(z.int().min(least).max(most))
    .default(otherwise)
const flag = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .pipe(z.boolean())
const text = z.string().trim().min(1).max(200)

export const Units = {
  units: z.enum(['km', 'mi']).default('km').meta({ description: 'In miles, altitudeKm becomes altitudeMi' }),
}

/** With `units=mi` every …Km is named …Mi and every …Kmh …Mph; the document shows kilometres. */
function measured<T extends z.ZodRawShape>(shape: T) {
  const inMiles = Object.fromEntries(
    Object.entries(shape)
      .filter(([name]) => /Kmh?$/.test(name))
      .map(([name, schema]) => [
        name.replace(/Km(h?)$/, (_, per: string) => (per === 'h' ? 'Mph' : 'Mi')),
        z.optional(schema),
      ]),
  )
  const inKilometres = Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [name, /Kmh?$/.test(name) ? z.optional(schema) : schema]),
  )
  return z.strictObject({ ...inKilometres, ...inMiles })
}

const known = {
  asOf: shownInstant.meta({ description: 'When the newest source of this answer was read' }),
  stale: z.boolean().meta({ description: 'Older than its source should let it be' }),
}
const listOf = <T extends z.ZodType>(item: T) => z.strictObject({ ...known, data: z.array(item) })
const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ ...known, data: z.array(item), nextCursor: z.string().nullable() })

// The ISS

const Source = z.enum(['wheretheiss', 'open-notify', 'sgp4'])
const place = {
  ts: shownInstant,
  latitude: number,
  longitude: number,
  altitudeKm: maybe,
  velocityKmh: maybe,
  visibility: z.enum(['daylight', 'eclipsed']).nullable(),
}

const Position = measured({
  noradId: z.int(),
  ...place,
  source: Source,
  computed: z.boolean().meta({ description: 'By SGP4 from stored elements, not observed' }),
  crossCheckKm: maybe.meta({ description: 'Distance on the ground from our own orbit, when observed' }),
  errorKm: maybe.meta({ description: 'How far off it may be, when computed: 2.3 km by the square of days' }),
}).meta({ id: 'IssPosition' })

export const Positions = pageOf(Position).meta({ id: 'IssPositions' })

export const CurrentPosition = Position.extend({ ageSeconds: number, ...known }).meta({ id: 'IssNow' })

export const AtQuery = z.strictObject({
  ts: instant.meta({ description: 'Past: from the log; else computed from the elements nearest in time' }),
  ...Units,
})

export const RangeQuery = {
  from: instant.optional().meta({ description: 'Default: a day before `to`' }),
  to: instant.optional().meta({ description: 'Default: now' }),
}

const mostSteps = 5_760

export const TrackQuery = z
  .strictObject({
    from: instant.optional().meta({ description: 'Default: now' }),
    minutes: whole(1, 1440, 92).meta({ description: '1 to 1440; an orbit takes 92' }),
    stepSeconds: whole(1, 600, 30).meta({ description: `1 to 600; at most ${mostSteps} steps` }),
    ...Units,
  })
  .refine(({ minutes, stepSeconds }) => (minutes * 60) / stepSeconds <= mostSteps, {
    path: ['stepSeconds'],
    error: `Allowed: ${mostSteps} steps at most, minutes * 60 / stepSeconds`,
  })

const computedFrom = {
  elementsEpoch: shownInstant,
  errorKm: number.meta({ description: 'The largest of the answer: it grows away from the epoch' }),
}

export const Track = measured({
  ...known,
  ...computedFrom,
  data: z.array(measured({ ...place, altitudeKm: number, velocityKmh: number })),
}).meta({ id: 'IssTrack' })

export const TrackFeature = z
  .strictObject({
    type: z.literal('Feature'),
    properties: z.strictObject({ ...known, ...computedFrom, from: shownInstant, until: shownInstant }),
    geometry: z.strictObject({
      type: z.literal('MultiLineString'),
      coordinates: z.array(z.array(z.array(number))).meta({ description: 'Longitude, then latitude' }),
    }),
  })
  .meta({ id: 'IssTrackFeature' })

export const PassesQuery = z.strictObject({
  lat: decimal(-90, 90),
  lng: decimal(-180, 180),
  days: whole(1, 10, 5),
  minElevation: decimal(0, 89).default(10),
  visibleOnly: flag.default(false),
  ...Units,
})

const sighting = z.strictObject({ ts: shownInstant, azimuth: number, elevation: number })

export const Passes = measured({
  ...known,
  ...computedFrom,
  data: z.array(
    z.strictObject({
      rise: sighting,
      culmination: sighting,
      set: sighting,
      durationSeconds: number,
      inProgress: z.boolean(),
      visible: z
        .strictObject({ from: shownInstant, until: shownInstant })
        .nullable()
        .meta({ description: 'While the satellite is sunlit and the observer in the dark' }),
    }),
  ),
}).meta({ id: 'IssPasses' })

export const HourlyQuery = z.strictObject({ hours: whole(1, 8784, 24), ...Units })
export const DailyQuery = z.strictObject({ days: whole(1, 366, 30), ...Units })
export const UnitsQuery = z.strictObject(Units)

export const HourlyStats = listOf(
  measured({
    hour: shownInstant,
    positionCount: z.int(),
    computedCount: z.int(),
    avgLatitude: number,
    avgLongitude: maybe.meta({ description: 'A mean direction; null where directions cancel' }),
    avgAltitudeKm: maybe,
    minAltitudeKm: maybe,
    maxAltitudeKm: maybe,
    altitudeStddevKm: maybe,
    avgVelocityKmh: maybe,
  }),
).meta({ id: 'IssHourlyStats' })

export const DailyStats = listOf(
  measured({
    day,
    totalPositions: z.int(),
    avgAltitudeKm: maybe,
    approxDistanceKm: number.meta({ description: 'Along the ground, from position to position' }),
    longestGapSeconds: z.int(),
    firstFetch: shownInstant,
    lastFetch: shownInstant,
  }),
).meta({ id: 'IssDailyStats' })

export const Coverage = listOf(
  measured({ latBucket: z.int(), lonBucket: z.int(), observationCount: z.int(), avgAltitudeKm: maybe }),
).meta({ id: 'IssCoverage' })

// Open science data

export const datasetOrders = ['-releaseDate', 'releaseDate', 'accession', 'title', '-updatedAt'] as const
export const DatasetFilter = {
  q: text
    .optional()
    .meta({ description: 'Every word must occur in accession, title, description, organism…' }),
  organism: text.optional(),
  project: text.optional().meta({ description: 'Project or project type' }),
  sort: z.enum(datasetOrders).default('-releaseDate'),
}
export const Accession = z.strictObject({
  accession: z.string().regex(/^(OSD|GLDS)-\d{1,7}$/, 'As in OSD-48'),
})

const listed = {
  accession: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  releaseDate: day.nullable(),
  organism: z.string().nullable(),
  material: z.string().nullable(),
  project: z.string().nullable(),
  projectType: z.string().nullable(),
  mission: z
    .strictObject({ name: z.string().nullable(), startDate: day.nullable(), endDate: day.nullable() })
    .nullable(),
  assayTypes: z.array(z.string()),
  updatedAt: shownInstant,
}
const ListedDataset = z.strictObject(listed).meta({ id: 'OsdrDataset' })
export type ListedDataset = z.infer<typeof ListedDataset>
export const ListedDatasets = pageOf(ListedDataset).meta({ id: 'OsdrDatasets' })
const dataset = z.strictObject({
  ...listed,
  firstSeenAt: shownInstant,
  metadata: z.record(z.string(), z.unknown()),
})
export type Dataset = z.infer<typeof dataset>
export const Dataset = dataset.extend(known).meta({ id: 'OsdrDatasetWithMetadata' })
export const DatasetCursor = z.tuple([z.string().max(500), z.string().max(40)])

export const Change = z
  .strictObject({
    id: z.int(),
    accession: z.string(),
    field: z.string(),
    old: z.unknown(),
    new: z.unknown(),
    seenAt: shownInstant,
  })
  .meta({ id: 'OsdrChange' })
export type Change = z.infer<typeof Change> & { xid: string }
export const ChangeCursor = z.tuple([z.string().regex(/^\d{1,20}$/), z.int().nonnegative()])
export const ChangesQuery = z.strictObject({
  after: z.string().min(1).max(512).optional().meta({ description: 'The `cursor` of the page before' }),
  limit: whole(1, 200, 50),
})
export const Changes = z
  .strictObject({
    data: z.array(Change),
    cursor: z
      .string()
      .nullable()
      .meta({ description: 'Send it as `after` to go on from here, now or later' }),
    nextCursor: z.string().nullable().meta({ description: 'Null when this was all there is' }),
  })
  .meta({ id: 'OsdrChanges' })

export const OsdrStats = z
  .strictObject({
    ...known,
    totalDatasets: z.int(),
    oldestDataset: day.nullable(),
    newestDataset: day.nullable(),
    recent30d: z.int(),
    recent1y: z.int(),
    countedAt: shownInstant,
    lastSyncTime: shownInstant
      .nullable()
      .meta({ description: 'The last talk with the upstream that succeeded' }),
  })
  .meta({ id: 'OsdrStats' })

export const OsdrByYear = listOf(
  z.strictObject({ year: z.int(), datasetCount: z.int(), datasetsWithDescription: z.int() }),
).meta({ id: 'OsdrByYear' })

export const Activity = listOf(
  z.strictObject({ activityType: z.string(), details: z.string(), activityTime: shownInstant }),
).meta({ id: 'SpaceActivity' })

// NASA

export const PictureQuery = z.strictObject({
  date: day.optional().meta({ description: 'From 1995-06-16 to today; default: the newest' }),
})
export const Picture = z
  .strictObject({
    ...known,
    date: day,
    title: z.string(),
    explanation: z.string().nullable(),
    mediaType: z.enum(['image', 'video', 'other']),
    url: z.string().nullable(),
    hdUrl: z.string().nullable(),
    thumbnailUrl: z.string().nullable(),
    copyright: z.string().nullable(),
  })
  .meta({ id: 'AstronomyPicture' })

export const ApproachFilter = {
  from: day.optional().meta({ description: 'Default: yesterday, or eight days before `to`' }),
  to: day.optional().meta({ description: 'Default: a week from today, or from `from` if that is later' }),
  hazardous: flag.optional(),
  ...Units,
}
const Approach = measured({
  id: z.string(),
  name: z.string(),
  orbitingBody: z.string(),
  approachAt: shownInstant,
  hazardous: z.boolean(),
  sentry: z.boolean(),
  absoluteMagnitude: maybe,
  diameterMinM: maybe,
  diameterMaxM: maybe,
  velocityKmh: number,
  missDistanceKm: number,
  jplUrl: z.string().nullable(),
}).meta({ id: 'NeoApproach' })
export const Approaches = pageOf(Approach).meta({ id: 'NeoApproaches' })
export const ApproachCursor = z.tuple([shownInstant, z.string().max(40), z.string().max(40)])

const weatherTypes = ['cme', 'flr', 'gst', 'notifications'] as const
const weatherType = z.enum(weatherTypes)
export const WeatherPath = z.strictObject({ type: weatherType })
export const WeatherEventPath = z.strictObject({ type: weatherType, id: z.string().min(1).max(100) })
export const WeatherFilter = {
  from: day.optional().meta({ description: 'Default: thirty days before `to`' }),
  to: day.optional().meta({ description: 'Default: today' }),
  minClass: z
    .string()
    .regex(/^[ABCMX](\d{1,2}(\.\d)?)?$|^\d{1,4}(\.\d{1,2})?$/i, 'A flare class as M1.5, a Kp index, or km/s')
    .optional(),
}
const WeatherEvent = z
  .strictObject({
    type: weatherType,
    id: z.string(),
    versionId: z.int(),
    startedAt: shownInstant,
    peakAt: shownInstant.nullable(),
    endedAt: shownInstant.nullable(),
    class: z.string().nullable(),
    speedKms: maybe,
    kpIndex: maybe,
    sourceLocation: z.string().nullable(),
    activeRegion: z.int().nullable(),
    note: z.string().nullable(),
    link: z.string().nullable(),
    linkedEvents: z.array(
      z.strictObject({
        id: z.string(),
        href: z.string().nullable().meta({ description: 'Where it is read; null when it is not known here' }),
      }),
    ),
    updatedAt: shownInstant,
  })
  .meta({ id: 'SpaceWeatherEvent' })
export type WeatherEvent = z.infer<typeof WeatherEvent>
export const WeatherEvents = pageOf(WeatherEvent).meta({ id: 'SpaceWeatherEvents' })
export const WeatherEventWithVersions = WeatherEvent.extend({
  ...known,
  versions: z.array(z.strictObject({ versionId: z.int(), seenAt: shownInstant })),
}).meta({ id: 'SpaceWeatherEventWithVersions' })
export const WeatherCursor = z.tuple([shownInstant, z.string().max(100)])
