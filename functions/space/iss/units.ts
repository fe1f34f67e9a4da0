export type Units = 'km' | 'mi'

/** A field's name ends in its unit, so with miles `altitudeKm` becomes `altitudeMi`. */
type MilesName<K> = K extends `${infer Stem}Kmh`
  ? `${Stem}Mph`
  : K extends `${infer Stem}Km`
    ? `${Stem}Mi`
    : K
export type InMiles<T> = { [K in keyof T as MilesName<K>]: T[K] }

const kmPerMile = 1.609344

/** Renames and converts the fields that end in `Km` or `Kmh`. All other fields pass unchanged. */
export function inUnits<T extends Record<string, unknown>>(value: T, units: Units): T | InMiles<T> {
  if (units === 'km') return value
  return Object.fromEntries(Object.entries(value).map(inMiles)) as InMiles<T>
}

function inMiles([name, value]: [string, unknown]): [string, unknown] {
  const [, stem, per] = /^(.+)Km(h?)$/.exec(name) ?? []
  if (stem === undefined) return [name, value]
  const converted = typeof value === 'number' ? value / kmPerMile : value
  return [`${stem}${per === 'h' ? 'Mph' : 'Mi'}`, converted]
}
