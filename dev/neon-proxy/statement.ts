import type pg from 'pg'
import { Refusal } from './refusal.ts'
import type { Batch, Statement } from './request.ts'
import { toJson, toPgText } from './values.ts'

export type Output = {
  rawText: boolean
  arrayMode: boolean
  maxBytes: number
  /** Called once when the answer has grown over `maxBytes`: the rest of it is not worth producing. */
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

/** One statement through the extended protocol, which takes exactly one. */
export async function runStatement(
  client: pg.ClientBase,
  statement: Statement,
  output: Output,
): Promise<Result> {
  // `queryMode` is node-postgres', though its types do not know it: without it a query without parameters goes the simple
  // way, which takes many statements.
  const extended = {
    text: statement.query,
    values: statement.params.map(toPgText),
    rowMode: 'array' as const,
    queryMode: 'extended',
    types: countingTypes(output),
  }
  const result = await client.query<(string | null)[]>(extended)
  const rowAsArray = statement.arrayMode ?? output.arrayMode
  const { fields } = result
  const rows = result.rows.map((row) => {
    const values = output.rawText ? row : row.map((text, i) => typed(text, fields[i]))
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

/** Several statements in one transaction: all or nothing. */
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

// Text as it came off the wire, weighed: an answer over the limit is given up while it arrives, not once it is in memory.
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

function typed(text: string | null, field: pg.FieldDef | undefined): unknown {
  return text === null || !field ? null : toJson(text, field.dataTypeID)
}

function describeField(field: pg.FieldDef): Record<string, unknown> {
  const { name, dataTypeID, tableID, columnID, dataTypeSize, dataTypeModifier } = field
  return { name, dataTypeID, tableID, columnID, dataTypeSize, dataTypeModifier, format: 'text' }
}
