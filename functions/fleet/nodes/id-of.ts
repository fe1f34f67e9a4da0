import { type SQL, sql } from 'drizzle-orm'

/** The id of the row that a uid names. */
export function idOfNode(uid: string): SQL {
  return sql`(select n.id from fleet.nodes n where n.uid = ${uid})`
}
