/** Prepares rows for a batch: storable text, each key once, in key order, in chunks that fit into one statement. */
export type Row = Record<string, unknown>

/** Postgres stores no NUL in text and no lone surrogate in JSON. */
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed()
  if (Array.isArray(value)) return value.map(storable)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [storable(name), storable(one)]))
}

/** True for a text, or a JSON text, that `storable` would leave unchanged. That is the usual case. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0') && !/\\u(?:0000|d[89a-f])/i.test(text)
}

type Key = (string | number)[]

/** Each key once, the last row wins. Batches that lock in the same order cannot deadlock. */
export function inKeyOrder(rows: readonly Row[], names: readonly string[]): Row[] {
  const last = new Map<string, { key: Key; row: Row }>()
  for (const row of rows) {
    const key = keyOf(row, names)
    last.set(JSON.stringify(key), { key, row })
  }
  return [...last.values()].sort((a, b) => compareKeys(a.key, b.key)).map(({ row }) => row)
}

function keyOf(row: Row, names: readonly string[]): Key {
  return names.map((name) => {
    const value = row[name]
    if (value instanceof Date) return value.getTime()
    if (typeof value === 'string' || typeof value === 'number') return value
    throw new Error(`The key ${name} of a row is missing`)
  })
}

function compareKeys(a: Key, b: Key): number {
  for (let at = 0; at < a.length; at += 1) {
    const [one, other] = [a[at] ?? 0, b[at] ?? 0]
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}

/** Neon accepts 64 MB per request. A chunk stays far below, and within the time limit of a statement. */
const chunkBytes = 4_000_000
const chunkRows = 5_000

export function chunked(rows: unknown[][]): unknown[][][] {
  const chunks: unknown[][][] = []
  let [chunk, bytes]: [unknown[][], number] = [[], 0]
  for (const row of rows) {
    const size = row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0)
    if (chunk.length > 0 && (bytes + size > chunkBytes || chunk.length >= chunkRows)) {
      chunks.push(chunk)
      ;[chunk, bytes] = [[], 0]
    }
    chunk.push(row)
    bytes += size
  }
  return [...chunks, chunk]
}
