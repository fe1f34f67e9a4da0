import {
  ecfToLookAngles,
  eciToEcf,
  eciToGeodetic,
  gstime,
  json2satrec,
  type SatRec,
  sgp4,
  shadowFraction,
  sunPos,
} from 'satellite.js'
import type { Visibility } from '../rules.ts'
import { type LatLng, wrapLongitude } from './geometry.ts'

/** Mean orbital elements as CelesTrak names them (CCSDS 502.0-B OMM): angles in degrees, mean motion in rev/day. */
export type Elements = {
  OBJECT_NAME: string
  OBJECT_ID: string
  /** ISO-8601 UTC. CelesTrak omits the Z. */
  EPOCH: string
  MEAN_MOTION: number
  ECCENTRICITY: number
  INCLINATION: number
  RA_OF_ASC_NODE: number
  ARG_OF_PERICENTER: number
  MEAN_ANOMALY: number
  NORAD_CAT_ID: number
  ELEMENT_SET_NO: number
  BSTAR: number
  MEAN_MOTION_DOT: number
  MEAN_MOTION_DDOT: number
}

export type Orbit = { satrec: SatRec; epoch: Date }
export type Vector = { x: number; y: number; z: number }

export type Place = {
  ts: Date
  latitude: number
  longitude: number
  altitudeKm: number
  velocityKmh: number
  visibility: Visibility
}

export function epochOf({ EPOCH }: Pick<Elements, 'EPOCH'>): Date {
  return new Date(EPOCH.endsWith('Z') ? EPOCH : `${EPOCH}Z`)
}

export function orbitOf(elements: Elements): Orbit {
  return { satrec: json2satrec(elements), epoch: epochOf(elements) }
}

/** Null if SGP4 reports that the orbit has decayed or that the elements describe no orbit. */
export function placeAt(orbit: Orbit, ts: Date): Place | null {
  const state = stateAt(orbit, ts)
  if (!state) return null
  const { latitude, longitude, height } = eciToGeodetic(state.position, gstime(ts))
  return {
    ts,
    latitude: degrees(latitude),
    longitude: wrapLongitude(degrees(longitude)),
    altitudeKm: height,
    velocityKmh: Math.hypot(state.velocity.x, state.velocity.y, state.velocity.z) * 3600,
    visibility: isSunlit(state.position, ts) ? 'daylight' : 'eclipsed',
  }
}

/** The ground track: one place every `stepSeconds`, including both ends. */
export function trackOf(
  orbit: Orbit,
  from: Date,
  { minutes, stepSeconds }: { minutes: number; stepSeconds: number },
): Place[] {
  const steps = Math.floor((minutes * 60) / stepSeconds)
  return Array.from({ length: steps + 1 }, (_, step) =>
    placeAt(orbit, new Date(from.getTime() + step * stepSeconds * 1000)),
  ).filter((place) => place !== null)
}

export type Sighting = { ts: Date; azimuth: number; elevation: number }

/** Degrees: azimuth clockwise from north, elevation above the horizon of a place at sea level. */
export function sightingFrom(observer: LatLng, orbit: Orbit, ts: Date): Sighting {
  const state = stateAt(orbit, ts)
  if (!state) return { ts, azimuth: 0, elevation: -90 }
  const { azimuth, elevation } = ecfToLookAngles(
    { latitude: radians(observer.latitude), longitude: radians(observer.longitude), height: 0 },
    eciToEcf(state.position, gstime(ts)),
  )
  return { ts, azimuth: degrees(azimuth) % 360, elevation: degrees(elevation) }
}

export function isSunlitAt(orbit: Orbit, ts: Date): boolean {
  const state = stateAt(orbit, ts)
  return state !== null && isSunlit(state.position, ts)
}

/** Degrees above the horizon, accurate to 0.01°, without refraction. */
export function sunElevationAt({ latitude, longitude }: LatLng, ts: Date): number {
  const sun = eciToEcf(sunPos(julianDay(ts)).rsun, gstime(ts))
  const [lat, lng] = [radians(latitude), radians(longitude)]
  const up =
    sun.x * Math.cos(lat) * Math.cos(lng) + sun.y * Math.cos(lat) * Math.sin(lng) + sun.z * Math.sin(lat)
  return degrees(Math.asin(up / Math.hypot(sun.x, sun.y, sun.z)))
}

/** TEME position (km) and velocity (km/s). */
export function stateAt({ satrec, epoch }: Orbit, ts: Date): { position: Vector; velocity: Vector } | null {
  return sgp4(satrec, (ts.getTime() - epoch.getTime()) / 60_000)
}

/** More than half of the sun's disc is visible: full daylight and the brighter half of the penumbra. */
function isSunlit(position: Vector, ts: Date): boolean {
  return shadowFraction(sunPos(julianDay(ts)).rsun, position) < 0.5
}

function julianDay(ts: Date): number {
  return ts.getTime() / 86_400_000 + 2_440_587.5
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180
}
