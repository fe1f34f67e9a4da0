import * as z from 'zod'
import { mediaTypes, weatherTypes } from '../../../schema/space/states.ts'
import { flag, shownInstant } from '../../http/fields.ts'
import { coveredDaysOf, day, known, maybe, measured, number, Units } from '../contract.ts'

export const PictureQuery = z.strictObject({
  date: day.optional().meta({
    description:
      'From 1995-06-16 to today; a picture that is not stored is fetched from NASA. Default: the newest stored picture',
  }),
})
export const Picture = z
  .strictObject({
    ...known,
    date: day,
    title: z.string(),
    explanation: z.string().nullable(),
    mediaType: z.enum(mediaTypes),
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
  sentry: z.boolean().nullable().meta({ description: 'Null when NeoWs does not say' }),
  absoluteMagnitude: maybe,
  diameterMinM: maybe,
  diameterMaxM: maybe,
  velocityKmh: number,
  missDistanceKm: number,
  jplUrl: z.string().nullable(),
}).meta({ id: 'NeoApproach' })
export const Approaches = coveredDaysOf(Approach).meta({ id: 'NeoApproaches' })
export const ApproachCursor = z.tuple([shownInstant, z.string().max(40), z.string().max(40)])

const weatherType = z.enum(weatherTypes)
export const WeatherPath = z.strictObject({ type: weatherType })
export const WeatherEventPath = z.strictObject({ type: weatherType, id: z.string().min(1).max(100) })
export const WeatherFilter = {
  from: day.optional().meta({ description: 'Default: thirty days before `to`' }),
  to: day.optional().meta({ description: 'Default: today' }),
  minClass: z
    .string()
    .regex(
      /^[ABCMX](\d{1,2}(\.\d)?)?$|^\d{1,4}(\.\d{1,2})?$/i,
      'Must be a flare class like M1.5, a Kp index, or a speed in km/s',
    )
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
        href: z.string().nullable().meta({ description: 'Its endpoint; null when the event is not stored' }),
      }),
    ),
    updatedAt: shownInstant,
  })
  .meta({ id: 'SpaceWeatherEvent' })
export type WeatherEvent = z.infer<typeof WeatherEvent>
export const WeatherEvents = coveredDaysOf(WeatherEvent).meta({ id: 'SpaceWeatherEvents' })
export const WeatherEventWithVersions = WeatherEvent.extend({
  ...known,
  versions: z.array(z.strictObject({ versionId: z.int(), seenAt: shownInstant })),
}).meta({ id: 'SpaceWeatherEventWithVersions' })
export const WeatherCursor = z.tuple([shownInstant, z.string().max(100)])
