import pg from 'pg'
import type { Migration } from './files.ts'
import { record } from './history.ts'
import { assertBuilt, dropInvalid, indexBuiltBy } from './indexes.ts'
import { lineAt, type Statement, splitStatements } from './statements.ts'

/** Runs one file and records it: together or not at all, or, outside a transaction, recorded once all of it is done. */
export async function apply(client: pg.Client, migration: Migration): Promise<void> {
  if (migration.transactional) await applyInTransaction(client, migration)
  else await applyStepwise(client, migration)
}

async function applyInTransaction(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin')
  try {
    // A table lock that waits makes everybody behind it wait: better to give up early and be run again.
    await client.query(`set local lock_timeout = '5s'`)
    for (const statement of splitStatements(migration.sql)) {
      await naming(migration, statement, () => runInside(client, statement))
    }
    await record(client, migration)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

// Each statement may be repeated, so a file that stopped half-way is simply run again from its beginning.
async function applyStepwise(client: pg.Client, migration: Migration): Promise<void> {
  for (const statement of splitStatements(migration.sql)) {
    await naming(migration, statement, () => runAlone(client, statement))
  }
  await record(client, migration)
}

async function runInside(client: pg.Client, { text }: Statement): Promise<void> {
  if (/^(begin|start|commit|end|rollback|abort|prepare)\b/i.test(text)) {
    throw new Error(
      'the runner opens and ends the transaction: what came before would stay when the rest fails',
    )
  }
  await client.query(text)
}

async function runAlone(client: pg.Client, { text }: Statement): Promise<void> {
  const index = indexBuiltBy(text)
  if (index === null) {
    await client.query(text)
    return
  }
  await dropInvalid(client, index)
  try {
    await client.query(text)
  } catch (error) {
    await dropInvalid(client, index).catch(() => {})
    throw error
  }
  await assertBuilt(client, index)
}

async function naming(
  migration: Migration,
  statement: Statement,
  run: () => Promise<unknown>,
): Promise<void> {
  try {
    await run()
  } catch (error) {
    const { message, code, line } = explain(error, statement)
    throw new Error(`${migration.file}:${line}: ${message}${code}`, { cause: error })
  }
}

function explain(error: unknown, { text, line }: Statement) {
  if (!(error instanceof pg.DatabaseError)) {
    return { message: error instanceof Error ? error.message : String(error), code: '', line }
  }
  const within = error.position === undefined ? 1 : lineAt(text, Number(error.position) - 1)
  const detail = error.detail === undefined ? '' : ` (${error.detail})`
  return { message: error.message + detail, code: ` [${error.code}]`, line: line + within - 1 }
}
