/** A rule names its unit for many: `seconds`, `open alerts`, `runs in a row`. This is the unit of so many. */
export function unitBeside(value: number | null, unit: string): string {
  return value === 1 ? unit.replace(/^((?:open )?[a-z]{3,})s\b/, '$1') : unit
}
