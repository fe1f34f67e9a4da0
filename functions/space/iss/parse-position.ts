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

/** api.wheretheiss.at: numbers, in km, km per hour and seconds since 1970. */
export function parseWheretheiss(body: string): Parsed<Fix> {
  return parsing((): Fix => {
    const answer = fieldsOf(jsonOf(body), 'the answer')
    // The request is for kilometres. A height in miles would be refused as implausible, which hides the cause.
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

/** api.open-notify.org: latitude and longitude are texts. Height, speed and visibility are missing. */
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
