import { visibilities } from '../../../schema/space/states.ts'
import { type Fix, issNoradId } from '../rules.ts'
import {
  fieldsOf,
  jsonOf,
  maybeNumberIn,
  numberIn,
  oneOf,
  type Parsed,
  parsing,
  textIn,
  unixSecondsIn,
} from '../upstreams/lenient.ts'

/** api.wheretheiss.at: numbers, km and km per hour, seconds since 1970. */
export function parseWheretheiss(body: string): Parsed<Fix> {
  return parsing((): Fix => {
    const answer = fieldsOf(jsonOf(body), 'the answer')
    // We ask for kilometres; miles would pass for a height that is merely implausible.
    oneOf(textIn(answer, 'units'), ['kilometers'], 'units')
    return {
      noradId: numberIn(answer, 'id'),
      ts: unixSecondsIn(answer, 'timestamp'),
      latitude: numberIn(answer, 'latitude'),
      longitude: numberIn(answer, 'longitude'),
      altitudeKm: numberIn(answer, 'altitude'),
      velocityKmh: numberIn(answer, 'velocity'),
      visibility: oneOf(textIn(answer, 'visibility'), visibilities, 'visibility'),
      source: 'wheretheiss',
    }
  })
}

/** api.open-notify.org: latitude and longitude are texts; no height, speed or light. */
export function parseOpenNotify(body: string): Parsed<Fix> {
  return parsing((): Fix => {
    const answer = fieldsOf(jsonOf(body), 'the answer')
    oneOf(textIn(answer, 'message'), ['success'], 'message')
    const position = fieldsOf(answer['iss_position'], 'iss_position')
    return {
      noradId: maybeNumberIn(answer, 'id') ?? issNoradId,
      ts: unixSecondsIn(answer, 'timestamp'),
      latitude: numberIn(position, 'latitude'),
      longitude: numberIn(position, 'longitude'),
      altitudeKm: null,
      velocityKmh: null,
      visibility: null,
      source: 'open-notify',
    }
  })
}
