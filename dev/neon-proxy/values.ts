/** A JSON parameter as Postgres reads it: text or null. The server, not we, decides its type. */
export function toPgText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  return Array.isArray(value) ? toPgArray(value) : JSON.stringify(value)
}

function toPgArray(value: unknown): string {
  if (value === null) return 'NULL'
  if (Array.isArray(value)) return `{${value.map(toPgArray).join(',')}}`
  if (typeof value === 'object') return JSON.stringify(JSON.stringify(value))
  return JSON.stringify(value)
}

// OIDs of the types that Neon turns into JSON values when raw text was not asked for.
const bool = 16
const int2 = 21
const int4 = 23
const float4 = 700
const float8 = 701
const json = 114
const jsonb = 3802

/** For clients that do not ask for `Neon-Raw-Text-Output`; the driver always does, and parses by type itself. */
export function toJson(text: string, oid: number): unknown {
  if (oid === bool) return text === 't'
  if (oid === json || oid === jsonb) return JSON.parse(text)
  if (oid === int2 || oid === int4) return Number(text)
  if (oid === float4 || oid === float8) return Number.isFinite(Number(text)) ? Number(text) : text
  return text
}
