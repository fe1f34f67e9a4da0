/** Canonical units: the consumer compares the canonical unit of a sample with the unit of its metric. */
type Linear = readonly [canonical: string, factor: number, offset: number]

const units: Readonly<Record<string, Linear>> = {
  ...same('°C', ['°c', 'c', 'degc', 'celsius']),
  ...scaled('°C', 5 / 9, ['°f', 'f', 'degf', 'fahrenheit'], (-32 * 5) / 9),
  ...scaled('°C', 1, ['k', 'kelvin'], -273.15),
  ...same('pH', ['ph']),
  ...same('mS/cm', ['ms/cm', 'ds/m']),
  ...scaled('mS/cm', 0.001, ['µs/cm', 'us/cm']),
  ...scaled('mS/cm', 10, ['s/m']),
  ...same('%', ['%', 'percent', '%rh']),
  ...same('ppm', ['ppm']),
  ...same('bar', ['bar']),
  ...scaled('bar', 0.00001, ['pa']),
  ...scaled('bar', 0.001, ['hpa', 'mbar']),
  ...scaled('bar', 0.01, ['kpa']),
  ...scaled('bar', 0.068947572931683, ['psi']),
  ...same('g/m³', ['g/m3', 'mg/l']),
  ...scaled('g/m³', 1_000, ['kg/m3', 'g/l']),
  ...same('lx', ['lx', 'lux']),
  ...scaled('lx', 1_000, ['klx']),
  ...same('µmol/m²/s', ['µmol/m2/s', 'umol/m2/s', 'µmol/(m2·s)']),
  ...same('W/m²', ['w/m2']),
  ...same('L', ['l', 'liter', 'litre']),
  ...scaled('L', 0.001, ['ml']),
  ...scaled('L', 1_000, ['m3']),
  ...scaled('L', 3.785411784, ['gal']),
  ...same('L/min', ['l/min']),
  ...scaled('L/min', 1 / 60, ['l/h']),
  ...scaled('L/min', 1_000 / 60, ['m3/h']),
  ...same('kWh', ['kwh']),
  ...scaled('kWh', 0.001, ['wh']),
  ...same('W', ['w']),
  ...scaled('W', 1_000, ['kw']),
  ...same('V', ['v']),
  ...scaled('V', 0.001, ['mv']),
  ...same('m', ['m']),
  ...scaled('m', 0.01, ['cm']),
  ...scaled('m', 0.001, ['mm']),
  ...same('s', ['s', 'sec']),
  ...scaled('s', 60, ['min']),
  ...scaled('s', 3_600, ['h']),
}

function scaled(canonical: string, factor: number, names: string[], offset = 0): Record<string, Linear> {
  return Object.fromEntries(names.map((name) => [spelled(name), [canonical, factor, offset]]))
}

function same(canonical: string, names: string[]): Record<string, Linear> {
  return scaled(canonical, 1, names)
}

/** NFKC makes `℃` two characters and `³` a digit. The micro sign and the Greek letter look alike. */
function spelled(unit: string): string {
  return unit
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('º', '°')
    .replaceAll(/[\s^]/g, '')
    .replaceAll('µ', 'μ')
}

/** The value in the canonical unit of its dimension. A unit that is not known stays, so the metric decides about it. */
export function inCanonicalUnit(value: number, unit: string): { value: number; unit: string } {
  const known = Object.hasOwn(units, spelled(unit)) ? units[spelled(unit)] : undefined
  if (known === undefined) return { value, unit: unit.normalize('NFKC').trim() }
  const [canonical, factor, offset] = known
  return { value: factor === 1 && offset === 0 ? value : value * factor + offset, unit: canonical }
}
