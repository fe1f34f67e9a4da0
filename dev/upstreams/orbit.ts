import { type Elements, type Orbit, orbitOf } from '../../functions/space/iss/orbit.ts'

/** A real element set of September 2026, without drag, so that its angles can be extrapolated for years. */
const base: Elements = {
  OBJECT_NAME: 'ISS (ZARYA)',
  OBJECT_ID: '1998-067A',
  EPOCH: '2026-09-15T08:51:14.158368',
  MEAN_MOTION: 15.49122235,
  ECCENTRICITY: 0.00049264,
  INCLINATION: 51.6311,
  RA_OF_ASC_NODE: 213.7631,
  ARG_OF_PERICENTER: 142.7188,
  MEAN_ANOMALY: 217.4143,
  NORAD_CAT_ID: 25544,
  ELEMENT_SET_NO: 999,
  BSTAR: 0,
  MEAN_MOTION_DOT: 5.779e-5,
  MEAN_MOTION_DDOT: 0,
}

const { satrec, epoch: baseEpoch } = orbitOf(base)
const setsEveryMs = 2 * 3_600_000

/** The newest element set at a moment. A set appears every two hours and continues the previous one. */
export function elementsAt(now: Date): Elements {
  const epoch = new Date(setAt(now) * setsEveryMs)
  const minutes = (epoch.getTime() - baseEpoch.getTime()) / 60_000
  const carried = (angle: number, radiansPerMinute: number) => {
    const degrees = ((angle + radiansPerMinute * minutes) * 180) / Math.PI
    return Number((((degrees % 360) + 360) % 360).toFixed(8))
  }
  return {
    ...base,
    EPOCH: epoch.toISOString().replace('Z', '000'),
    RA_OF_ASC_NODE: carried(satrec.nodeo, satrec.nodedot),
    ARG_OF_PERICENTER: carried(satrec.argpo, satrec.argpdot),
    MEAN_ANOMALY: carried(satrec.mo, satrec.mdot),
    BSTAR: 0.00011249608,
  }
}

let last: { set: number; orbit: Orbit } | undefined

/** The true orbit of the simulated ISS. The last one is kept: the demo data asks for each minute of a month. */
export function orbitAt(now: Date): Orbit {
  const set = setAt(now)
  if (last?.set !== set) last = { set, orbit: orbitOf(elementsAt(now)) }
  return last.orbit
}

function setAt(now: Date): number {
  return Math.floor(now.getTime() / setsEveryMs)
}
