import { issNoradId } from '../rules.ts'
import {
  type Fields,
  fieldsOf,
  jsonOf,
  listOf,
  Malformed,
  momentIn,
  numberIn,
  oneOf,
  type Parsed,
  parsing,
  parsingEach,
  textIn,
} from '../upstreams/lenient.ts'
import type { Elements } from './orbit.ts'
import { elementsOfTle } from './tle.ts'

/** CelesTrak answers 403 or 200 if it has no newer elements. Only the body shows it, never the status. */
export function isNotUpdated(body: string): boolean {
  return body.startsWith('GP data has not updated')
}

/** celestrak.org, FORMAT=JSON: a list of OMM objects. */
export function parseCelestrak(body: string): Parsed<Elements> {
  return parsing(() => {
    if (body.startsWith('No GP data found')) throw new Malformed('the satellite is unknown there')
    return firstSound(jsonOf(body), (set) => orbiting(ommOf(set)))
  })
}

/** api.wheretheiss.at/v1/satellites/25544/tles: a two-line set; the catalogue number is a text. */
export function parseWheretheissTle(body: string): Parsed<Elements> {
  return parsing(() => twoLines(fieldsOf(jsonOf(body), 'the answer'), ['header', 'line1', 'line2']))
}

/** db.satnogs.org/api/tle: a list of two-line sets, each with its name as a line before it. */
export function parseSatnogs(body: string): Parsed<Elements> {
  return parsing(() => {
    return firstSound(jsonOf(body), (set) => twoLines(set, ['tle0', 'tle1', 'tle2']))
  })
}

/** One odd element set hides no sound one behind it. */
function firstSound(answer: unknown, read: (set: Fields) => Elements): Elements {
  const sets = parsingEach(
    () => listOf(answer, 'the answer'),
    (set) => read(fieldsOf(set, 'the element set')),
  )
  if (!sets.ok) throw new Malformed(sets.reason)
  const [first] = sets.value
  if (first === undefined) throw new Malformed('the answer has no element set')
  return first
}

function twoLines(fields: Fields, [name, one, two]: readonly [string, string, string]): Elements {
  const elements = elementsOfTle(textIn(fields, name), textIn(fields, one), textIn(fields, two))
  if ('malformed' in elements) throw new Malformed(elements.malformed)
  return orbiting(elements)
}

function ommOf(omm: Fields): Elements {
  // The text is stored unchanged with its microseconds, but it must be a valid moment in UTC.
  momentIn(omm, 'EPOCH')
  if (/[+-]\d\d:\d\d$/.test(textIn(omm, 'EPOCH'))) throw new Malformed('EPOCH is not in UTC')
  return {
    OBJECT_NAME: textIn(omm, 'OBJECT_NAME'),
    OBJECT_ID: textIn(omm, 'OBJECT_ID'),
    EPOCH: textIn(omm, 'EPOCH'),
    MEAN_MOTION: numberIn(omm, 'MEAN_MOTION'),
    ECCENTRICITY: numberIn(omm, 'ECCENTRICITY'),
    INCLINATION: numberIn(omm, 'INCLINATION'),
    RA_OF_ASC_NODE: numberIn(omm, 'RA_OF_ASC_NODE'),
    ARG_OF_PERICENTER: numberIn(omm, 'ARG_OF_PERICENTER'),
    MEAN_ANOMALY: numberIn(omm, 'MEAN_ANOMALY'),
    NORAD_CAT_ID: numberIn(omm, 'NORAD_CAT_ID'),
    ELEMENT_SET_NO: numberIn(omm, 'ELEMENT_SET_NO'),
    BSTAR: numberIn(omm, 'BSTAR'),
    MEAN_MOTION_DOT: numberIn(omm, 'MEAN_MOTION_DOT'),
    MEAN_MOTION_DDOT: numberIn(omm, 'MEAN_MOTION_DDOT'),
  }
}

/** The ISS has kept these values since 1998. Other values would give positions where it never was. */
function orbiting(elements: Elements): Elements {
  const { NORAD_CAT_ID, INCLINATION, MEAN_MOTION, ECCENTRICITY, BSTAR } = elements
  oneOf(String(NORAD_CAT_ID), [String(issNoradId)], 'NORAD_CAT_ID')
  if (Math.abs(INCLINATION - 51.64) > 0.2) throw new Malformed('INCLINATION is not that of the ISS')
  if (Math.abs(MEAN_MOTION - 15.5) > 0.3) throw new Malformed('MEAN_MOTION is not that of the ISS')
  if (ECCENTRICITY < 0 || ECCENTRICITY > 0.01) throw new Malformed('ECCENTRICITY is not that of the ISS')
  if (Math.abs(BSTAR) > 0.01) throw new Malformed('BSTAR is not that of the ISS')
  for (const name of ['RA_OF_ASC_NODE', 'ARG_OF_PERICENTER', 'MEAN_ANOMALY'] as const)
    if (elements[name] < 0 || elements[name] > 360) throw new Malformed(`${name} is not an angle`)
  return elements
}
