/** A point on the earth, in degrees. */
export type Point = { lat: number; lng: number }

/** A point on the map of a town. */
export type Place = Point & { key: string; label: string; kind: 'from' | 'to' | 'who' }
