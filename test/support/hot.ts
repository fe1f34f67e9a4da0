import type { SQL } from 'drizzle-orm'
import type pg from 'pg'
import { creationOf } from '../../dev/migrations/hot.ts'
import { type Compiled, compileHot } from '../../functions/core/hot.ts'
import { hotFunctions } from '../../schema/migrations/hot.ts'

/** Makes the function of a marked statement, as a migration would, in the database of one test. */
export async function makeHot(client: pg.Client, statement: SQL): Promise<Compiled> {
  const compiled = compileHot(statement)
  if (compiled === null) throw new Error('The statement is not marked as hot')
  await client.query(await creationOf(client, compiled))
  // The Worker's list is read-only; a test adds its own function to it.
  ;(hotFunctions as Set<string>).add(compiled.name)
  return compiled
}
