/** Rows on their way into a batch: cleaned, each key once, in one order everywhere, in pieces that a statement can carry. */
export type Row = Record<string, unknown>

/** Postgres text holds no NUL, and JSON no half of a surrogate pair. */
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed()
  if (Array.isArray(value)) return value.map(storable)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [storable(name), storable(one)]))
}

/** Of rows with one key the last. */
export function lastByKey(rows: readonly Row[], key: readonly string[]): Row[] {
  return [...new Map(rows.map((row) => [JSON.stringify(keyOf(row, key)), row])).values()]
}

/** Two batches that lock in one order cannot lock each other out. */
export function sortedByKey(rows: Row[], key: readonly string[]): Row[] {
  return rows
    .map((row) => ({ row, key: keyOf(row, key) }))
    .sort((a, b) => compareKeys(a.key, b.key))
    .map(({ row }) => row)
}

function keyOf(row: Row, key: readonly string[]): (string | number)[] {
  return key.map((name) => {
    const value = row[name]
    if (value instanceof Date) return value.getTime()
    if (typeof value === 'string' || typeof value === 'number') return value
    throw new Error(`The key ${name} of a row is missing`)
  })
}

function compareKeys(a: (string | number)[], b: (string | number)[]): number {
  for (const [at, one] of a.entries()) {
    const other = b[at] ?? 0
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}

/** Neon takes 64 MB in a request; a chunk stays far below, and below what a statement can do in its time. */
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
