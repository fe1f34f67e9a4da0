import { parse as parseArray } from 'postgres-array'

/** A JSON parameter as text or null. The server decides its type. */
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

// The OIDs of the types that Neon turns into JSON values when the client did not request raw text.
const bool = 16
const int2 = 21
const int4 = 23
const float4 = 700
const float8 = 701
const json = 114
const jsonb = 3802

/** The OID of an array's elements, by the OID of the array. */
export type ElementTypes = ReadonlyMap<number, number>

/** For clients that do not request `Neon-Raw-Text-Output`. The driver always does, and parses by type itself. */
export function toJson(text: string, oid: number, elementTypes: ElementTypes): unknown {
  const element = elementTypes.get(oid)
  if (element !== undefined) return parseArray(text, (item) => toJson(item, element, elementTypes))
  if (oid === bool) return text === 't'
  if (oid === json || oid === jsonb) return parseExactly(text)
  if (oid === int2 || oid === int4) return Number(text)
  if (oid === float4 || oid === float8) return Number.isFinite(Number(text)) ? Number(text) : text
  return text
}

/** JSON whose numbers keep every digit when they are serialized again. */
function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === 'number' && source !== undefined ? exactJson.rawJSON(source) : value,
  )
}

// V8 has it since Node 22; TypeScript's library does not declare it yet.
const exactJson = JSON as typeof JSON & { rawJSON(text: string): unknown }
