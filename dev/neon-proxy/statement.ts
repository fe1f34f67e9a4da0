import pg from 'pg'
import { Refusal } from './refusal.ts'
import type { Batch, Statement } from './request.ts'
import { type ElementTypes, toJson, toPgText } from './values.ts'

export type Output = {
  rawText: boolean
  arrayMode: boolean
  maxBytes: number
  /** Called once when the response exceeds `maxBytes`, so that Postgres need not produce the rest. */
  giveUp: () => Promise<void>
}

type RunBatch = { statements: Statement[]; batch: Batch; output: Output; signal: AbortSignal }

export type Result = {
  command: string
  rowCount: number | null
  rowAsArray: boolean
  fields: Record<string, unknown>[]
  rows: unknown[]
}

/** Runs one statement through the extended protocol, which accepts exactly one. */
export async function runStatement(
  client: pg.ClientBase,
  statement: Statement,
  output: Output,
): Promise<Result> {
  // node-postgres has `queryMode`, although its types lack it. Without it a query without parameters uses the simple
  // protocol, which accepts many statements.
  const extended = {
    text: statement.query,
    values: statement.params.map(toPgText),
    rowMode: 'array' as const,
    queryMode: 'extended',
    types: countingTypes(output),
  }
  const result = await query(client, extended)
  const rowAsArray = statement.arrayMode ?? output.arrayMode
  const { fields } = result
  const elementTypes = output.rawText ? new Map() : await readElementTypes(client, fields)
  const rows = result.rows.map((row) => {
    const values = output.rawText ? row : row.map((text, i) => typed(text, fields[i], elementTypes))
    return rowAsArray ? values : Object.fromEntries(fields.map(({ name }, i) => [name, values[i]]))
  })
  return {
    command: result.command ?? '',
    rowCount: result.rowCount,
    rowAsArray,
    fields: fields.map(describeField),
    rows,
  }
}

/** Runs several statements in one transaction. */
export async function runBatch(
  client: pg.ClientBase,
  { statements, batch, output, signal }: RunBatch,
): Promise<{ results: Result[] }> {
  await client.query(beginSql(batch))
  try {
    const results = []
    for (const statement of statements) {
      results.push(await runStatement(client, statement, output))
      signal.throwIfAborted()
    }
    await client.query('commit')
    return { results }
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

function beginSql({ isolation, readOnly, deferrable }: Batch): string {
  const modes = [
    isolation && `isolation level ${isolation}`,
    readOnly && 'read only',
    deferrable && 'deferrable',
  ]
  return ['begin', modes.filter(Boolean).join(', ')].join(' ')
}

// Counts the bytes of the text as it arrives. A response over the limit is abandoned before all of it is in memory.
function countingTypes({ maxBytes, giveUp }: Output): pg.CustomTypesConfig {
  let bytes = 0
  return {
    getTypeParser: () => (text: string) => {
      bytes += text.length
      if (bytes <= maxBytes) return text
      void giveUp()
      throw new Refusal(507, `response is too large (max is ${maxBytes} bytes)`)
    },
  }
}

function typed(text: string | null, field: pg.FieldDef | undefined, elementTypes: ElementTypes): unknown {
  return text === null || !field ? null : toJson(text, field.dataTypeID, elementTypes)
}

/** The columns that are arrays, with the types of their elements. */
async function readElementTypes(client: pg.ClientBase, fields: pg.FieldDef[]): Promise<ElementTypes> {
  const { rows } = await client.query<{ oid: number; element: number }>(
    `select oid, typelem as element from pg_type where oid = any($1) and typcategory = 'A' and typelem <> 0`,
    [fields.map(({ dataTypeID }) => dataTypeID)],
  )
  return new Map(rows.map(({ oid, element }) => [oid, element]))
}

type Answered = pg.QueryArrayResult<(string | null)[]>

/** Runs one statement. It refuses COPY, because an HTTP request or response cannot carry its data. */
function query(client: pg.ClientBase, config: pg.QueryArrayConfig): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const copy: RefusedCopy = new RefusedCopy(config, (error, result) => {
      copy.release()
      if (copy.refused) reject(new Refusal(400, 'unexpected message from server'))
      else if (error) reject(error)
      // With rowMode "array" each row of a result is an array.
      else resolve(result)
    })
    client.query(copy)
  })
}

/** Detects both kinds of COPY. It ends a COPY that waits for data, because Postgres would wait forever. */
class RefusedCopy extends pg.Query {
  refused = false
  release = () => {}

  constructor(config: pg.QueryArrayConfig, done: (error: Error | undefined, result: Answered) => void) {
    super(config, done)
    const submit = this.submit.bind(this)
    this.submit = (connection) => {
      const refuse = () => {
        this.refused = true
      }
      connection.once('copyOutResponse', refuse)
      this.release = () => connection.off('copyOutResponse', refuse)
      return submit(connection)
    }
  }

  /** Called by node-postgres. The server skipped the Sync while it waited for data, so it needs another. */
  handleCopyInResponse(connection: pg.Connection & { sendCopyFail(reason: string): void }): void {
    this.refused = true
    connection.sendCopyFail('COPY is not possible over HTTP')
    connection.sync()
  }
}

function describeField(field: pg.FieldDef): Record<string, unknown> {
  const { name, dataTypeID, tableID, columnID, dataTypeSize, dataTypeModifier } = field
  return { name, dataTypeID, tableID, columnID, dataTypeSize, dataTypeModifier, format: 'text' }
}
