import * as z from 'zod'
import { positionSources, visibilities } from '../../../schema/space/states.ts'
import { flag, instant, shownInstant } from '../../http/fields.ts'
import {
  coveredMomentsOf,
  day,
  decimal,
  known,
  listOf,
  maybe,
  measured,
  number,
  Units,
  whole,
} from '../contract.ts'

const Source = z.enum(positionSources)
const place = {
  ts: shownInstant,
  latitude: number,
  longitude: number,
  altitudeKm: maybe,
  velocityKmh: maybe,
  visibility: z.enum(visibilities).nullable(),
}

const Position = measured({
  noradId: z.int(),
  ...place,
  source: Source,
  computed: z.boolean().meta({ description: 'True when computed by SGP4 from stored elements' }),
  crossCheckKm: maybe.meta({ description: 'Distance on the ground from our own orbit, when observed' }),
  errorKm: maybe.meta({
    description: 'Error bound of a computed position: 2.3 km times the square of the days since the epoch',
  }),
}).meta({ id: 'IssPosition' })

export const Positions = coveredMomentsOf(Position).meta({ id: 'IssPositions' })

export const CurrentPosition = Position.extend({ ageSeconds: number, ...known }).meta({ id: 'IssNow' })

export const AtQuery = z.strictObject({
  ts: instant.meta({
    description:
      'A logged moment answers its observed position; any other is computed from the nearest elements',
  }),
  ...Units,
})

export const RangeQuery = {
  from: instant.optional().meta({ description: 'Default: one day before `to`' }),
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
    error: `Allowed: at most ${mostSteps} steps, which is minutes * 60 / stepSeconds`,
  })

const computedFrom = {
  elementsEpoch: shownInstant,
  errorKm: number.meta({
    description: 'The largest error bound in this response; it grows with the distance from the epoch',
  }),
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
      coordinates: z.array(z.array(z.array(number))).meta({ description: 'Longitude before latitude' }),
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
        .meta({ description: 'While the satellite is sunlit and the observer is in the dark' }),
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
    avgLongitude: maybe.meta({ description: 'The mean direction; null where directions cancel out' }),
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
    approxDistanceKm: number.meta({ description: 'Length of the ground track between the logged positions' }),
    longestGapSeconds: z.int(),
    firstFetch: shownInstant,
    lastFetch: shownInstant,
  }),
).meta({ id: 'IssDailyStats' })

export const Coverage = listOf(
  measured({ latBucket: z.int(), lonBucket: z.int(), observationCount: z.int(), avgAltitudeKm: maybe }),
).meta({ id: 'IssCoverage' })
