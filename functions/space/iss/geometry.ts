/** IUGG mean radius. Other libraries use it in their haversine formulas, so that distances agree. */
const earthRadiusKm = 6371.0088

export type LatLng = { latitude: number; longitude: number }

/** Great-circle distance on the ground. */
export function haversineKm(a: LatLng, b: LatLng): number {
  const lat = radians(b.latitude - a.latitude)
  const lng = radians(b.longitude - a.longitude)
  const h =
    Math.sin(lat / 2) ** 2 +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(lng / 2) ** 2
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** Into [-180, 180), so that each meridian has one number. */
export function wrapLongitude(degrees: number): number {
  return ((((degrees + 180) % 360) + 360) % 360) - 180
}

/**
 * Cuts a line where it crosses the 180th meridian (RFC 7946 §3.1.9). Both pieces end on the meridian, at the latitude where
 * a straight line between the two points would cross it.
 */
export function cutAtAntimeridian<P extends LatLng>(points: readonly P[]): LatLng[][] {
  const pieces: LatLng[][] = []
  let piece: LatLng[] = []
  let last: P | undefined
  for (const point of points) {
    if (last && Math.abs(point.longitude - last.longitude) > 180) {
      const side = Math.sign(last.longitude) * 180
      const latitude = latitudeAt(side, last, point)
      pieces.push([...piece, { latitude, longitude: side }])
      piece = [{ latitude, longitude: -side }]
    }
    piece.push(point)
    last = point
  }
  return piece.length > 0 ? [...pieces, piece] : pieces
}

function latitudeAt(side: number, from: LatLng, to: LatLng): number {
  const unwrapped = to.longitude + Math.sign(side) * 360
  const share = (side - from.longitude) / (unwrapped - from.longitude)
  return from.latitude + share * (to.latitude - from.latitude)
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180
}
