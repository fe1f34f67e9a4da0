import { parse as parseArray } from 'postgres-array'

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

/** By the OID of an array type, that of its elements. */
export type ElementTypes = ReadonlyMap<number, number>

/** For clients that do not ask for `Neon-Raw-Text-Output`; the driver always does, and parses by type itself. */
export function toJson(text: string, oid: number, elementTypes: ElementTypes): unknown {
  const element = elementTypes.get(oid)
  if (element !== undefined) return parseArray(text, (item) => toJson(item, element, elementTypes))
  if (oid === bool) return text === 't'
  if (oid === json || oid === jsonb) return parseExactly(text)
  if (oid === int2 || oid === int4) return Number(text)
  if (oid === float4 || oid === float8) return Number.isFinite(Number(text)) ? Number(text) : text
  return text
}

/** JSON whose numbers keep every digit when it is written again. */
function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === 'number' && source !== undefined ? exactJson.rawJSON(source) : value,
  )
}

// In V8 since Node 22; TypeScript's library does not declare it yet.
const exactJson = JSON as typeof JSON & { rawJSON(text: string): unknown }
