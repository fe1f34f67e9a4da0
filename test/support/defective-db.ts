import pg from 'pg'
import { directDb } from '../../dev/postgres/direct-db.ts'
import type { Db } from '../../functions/core/db.ts'
import { atTheEnd } from './at-the-end.ts'
import type { TestDatabase } from './database.ts'

/** A `Db` whose statements have a defect, for negative controls. Made at the top of a file. */
export function defectiveDb(
  database: TestDatabase,
  { max, defect }: { max: number; defect: (text: string) => string },
): Db {
  const pool = new pg.Pool({ connectionString: database.workerUrl, max })
  pool.on('error', () => undefined)
  atTheEnd(() => pool.end())
  return directDb(pool, { mutate: defect })
}
