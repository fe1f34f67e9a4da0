import { weatherTypes } from '../../../schema/space/states.ts'
import { flareRank } from '../rules.ts'
import {
  countIn,
  type Fields,
  fieldsOf,
  idIn,
  isFields,
  jsonOf,
  linkIn,
  listOf,
  maybeCountIn,
  maybeMomentIn,
  maybeNumberWithin,
  maybeTextIn,
  momentIn,
  type Parsed,
  parsingEach,
} from '../upstreams/lenient.ts'

export type WeatherType = (typeof weatherTypes)[number]

export type WeatherEvent = {
  type: WeatherType
  eventId: string
  versionId: number
  startedAt: Date
  peakAt: Date | null
  endedAt: Date | null
  classType: string | null
  /** Grows with the strength: a flare's class, ten times a storm's Kp index, or a CME's speed in km/s. */
  rank: number | null
  sourceLocation: string | null
  activeRegion: number | null
  note: string | null
  link: string | null
  linkedEvents: string[]
  raw: Fields
}

type Shape = { id: string; start: string; rank(raw: Fields): number | null }

const shapes: Record<WeatherType, Shape> = {
  cme: { id: 'activityID', start: 'startTime', rank: fastest },
  flr: { id: 'flrID', start: 'beginTime', rank: (raw) => flareRank(maybeTextIn(raw, 'classType')) },
  gst: { id: 'gstID', start: 'startTime', rank: strongest },
  notifications: { id: 'messageID', start: 'messageIssueTime', rank: () => null },
}

/** DONKI answers a list of events, or an empty body for an empty list. Lists inside an event may be null. */
export function parseWeather(body: string, type: WeatherType): Parsed<WeatherEvent[]> {
  return parsingEach(
    () => (body.trim() === '' ? [] : listOf(jsonOf(body), 'the answer')),
    (event) => eventOf(fieldsOf(event, 'an event'), type),
  )
}

function eventOf(raw: Fields, type: WeatherType): WeatherEvent {
  const { id, start, rank } = shapes[type]
  return {
    type,
    eventId: idIn(raw, id),
    // Notifications are never revised and carry no version.
    versionId: type === 'notifications' ? 1 : countIn(raw, 'versionId'),
    startedAt: momentIn(raw, start),
    peakAt: maybeMomentIn(raw, 'peakTime'),
    endedAt: maybeMomentIn(raw, 'endTime'),
    classType: maybeTextIn(raw, 'classType') ?? maybeTextIn(raw, 'messageType'),
    rank: rank(raw),
    sourceLocation: maybeTextIn(raw, 'sourceLocation'),
    activeRegion: maybeCountIn(raw, 'activeRegionNum'),
    note: maybeTextIn(raw, 'note') ?? maybeTextIn(raw, 'messageBody'),
    link: linkIn(raw, 'link') ?? linkIn(raw, 'messageURL'),
    linkedEvents: entriesOf(raw['linkedEvents']).flatMap((entry) => maybeTextIn(entry, 'activityID') ?? []),
    raw,
  }
}

/** The speed of the analysis that its authors call the most accurate, else the highest speed. */
function fastest(raw: Fields): number | null {
  const analyses = entriesOf(raw['cmeAnalyses'])
  const best = analyses.filter((analysis) => analysis['isMostAccurate'] === true)
  return largest(
    (best.length > 0 ? best : analyses).map((analysis) => maybeNumberWithin(analysis, 'speed', speeds)),
  )
}

function strongest(raw: Fields): number | null {
  const kp = largest(
    entriesOf(raw['allKpIndex']).map((entry) => maybeNumberWithin(entry, 'kpIndex', kpIndexes)),
  )
  return kp === null ? null : Math.round(kp * 10)
}

const speeds = { least: 0, most: 10_000 }
const kpIndexes = { least: 0, most: 9 }

function largest(values: (number | null)[]): number | null {
  return values.reduce(
    (most, value) => (value !== null && (most === null || value > most) ? value : most),
    null,
  )
}

function entriesOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}
