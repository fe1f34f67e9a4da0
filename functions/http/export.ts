/**
 * Lists without an end, page by page. One page is in memory at a time, however long the list is, and a client that reads
 * slowly holds no connection to Postgres. After a fault the last line says that the list is incomplete, so that nobody
 * takes a part for the whole. The status has been sent by then, and workerd ends a failed body like a finished one.
 */
import type { Ctx } from '../core/context.ts'

/** Rows of one page of an export. */
const pageSize = 5_000

type Keyset<Row, Key> = {
  /** Reads the rows after a key, in the order of their keys; null is the beginning. */
  read: (after: Key | null, limit: number) => Promise<Row[]>
  keyOf: (row: Row) => Key
  size?: number
}

/** The pages of a list, each read when the client has taken the one before. */
export async function* pagesOf<Row, Key>({
  read,
  keyOf,
  size = pageSize,
}: Keyset<Row, Key>): AsyncGenerator<Row[]> {
  let after: Key | null = null
  for (;;) {
    const rows: Row[] = await read(after, size)
    yield rows
    const last = rows.at(-1)
    if (rows.length < size || last === undefined) return
    after = keyOf(last)
  }
}

export type Column<Row> = readonly [header: string, cell: (row: Row) => Cell]
type Cell = string | number | boolean | null | undefined

type Named<Row> = { name: string; pages: AsyncIterator<Row[]> }

/** A CSV file (RFC 4180) with a header line, safe to open in a spreadsheet. */
export function csv<Row>(
  ctx: Ctx,
  columns: readonly Column<Row>[],
  { name, pages }: Named<Row>,
): Promise<Response> {
  const header = columns.map(([title]) => csvCell(title)).join(',')
  const line = (row: Row) => columns.map(([, cell]) => csvCell(cell(row))).join(',')
  return streamed(ctx, pages, {
    name,
    type: 'text/csv; charset=utf-8; header=present',
    first: `${header}\r\n`,
    write: (rows) => rows.map((row) => `${line(row)}\r\n`).join(''),
    broken: (detail) => `${csvCell(`INCOMPLETE: ${detail}`)}\r\n`,
  })
}

/** One JSON object a line. */
export function ndjson<Row extends object>(ctx: Ctx, { name, pages }: Named<Row>): Promise<Response> {
  return streamed(ctx, pages, {
    name,
    type: 'application/x-ndjson',
    first: '',
    write: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
    broken: (detail) => `${JSON.stringify({ incomplete: true, detail })}\n`,
  })
}

/**
 * A spreadsheet runs a cell that begins like a formula, so text that does gets an apostrophe in front. Numbers stay as
 * they are, in decimal text too. Source: OWASP, CSV Injection.
 */
export function csvCell(value: Cell): string {
  const text = typeof value === 'string' ? neutral(value) : String(value ?? '')
  return /[",;\t\r\n']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function neutral(text: string): string {
  const number = /^[+-]?\d+(\.\d+)?$/.test(text)
  return !number && /^\s*[=+\-@|%\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text
}

type Written<Row> = {
  name: string
  type: string
  first: string
  write: (rows: Row[]) => string
  /** The last line after a fault. */
  broken: (detail: string) => string
}

async function streamed<Row>(
  ctx: Ctx,
  pages: AsyncIterator<Row[]>,
  { name, type, first, write, broken }: Written<Row>,
): Promise<Response> {
  const encoder = new TextEncoder()
  // The first page is read before the response begins, so that a fault of Postgres is still a problem with its status.
  let next: Promise<IteratorResult<Row[]>> | null = Promise.resolve(await pages.next())
  let text = first
  let written = 0
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await (next ?? pages.next())
          next = null
          text += done === true ? '' : write(value)
          written += value?.length ?? 0
          if (text !== '') controller.enqueue(encoder.encode(text))
          text = ''
          if (done === true) controller.close()
        } catch (error) {
          ctx.log.error('export', error, { name })
          const detail = `A fault ended the export after ${written} rows: send the request again`
          controller.enqueue(encoder.encode(text + broken(detail)))
          controller.close()
        }
      },
      async cancel() {
        await pages.return?.()
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, {
    headers: {
      'content-type': type,
      'content-disposition': `attachment; filename="${name}"`,
      'cache-control': 'private, no-store',
    },
  })
}
