import type pg from 'pg'

export type IndexName = { schema: string; name: string; table: string }

const shape =
  /^create\s+(?:unique\s+)?index\s+concurrently\s+if\s+not\s+exists\s+"?(\w+)"?\s+on\s+"?(\w+)"?\."?(\w+)"?/i

/** Which index a statement builds, or null if it builds none. It refuses a statement that could not be repeated. */
export function indexBuiltBy(statement: string): IndexName | null {
  if (!/^create\s+(unique\s+)?index\b/i.test(statement)) return null
  const [, name, schema, table] = shape.exec(statement) ?? []
  if (name === undefined || schema === undefined || table === undefined) {
    throw new Error(
      'outside a transaction write "create index concurrently if not exists name on schema.table …"',
    )
  }
  return { schema, name, table }
}

/**
 * A concurrent build that fails, or whose connection dies, leaves an index that no query uses, every write pays for,
 * and `if not exists` takes for the real one.
 */
export async function dropInvalid(client: pg.Client, index: IndexName): Promise<void> {
  const found = await find(client, index)
  if (found?.valid === false) await client.query(`drop index concurrently if exists ${found.qualified}`)
}

export async function assertBuilt(client: pg.Client, index: IndexName): Promise<void> {
  const found = await find(client, index)
  if (found?.valid !== true || found.table !== index.table) {
    throw new Error(`${index.schema}.${index.name} is not a valid index of ${index.schema}.${index.table}`)
  }
}

async function find(client: pg.Client, { schema, name }: IndexName) {
  const { rows } = await client.query<{ qualified: string; table: string; valid: boolean }>(
    `select format('%I.%I', n.nspname, c.relname) as qualified, t.relname as table, i.indisvalid as valid
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_class t on t.oid = i.indrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relname = $2`,
    [schema, name],
  )
  return rows[0]
}
