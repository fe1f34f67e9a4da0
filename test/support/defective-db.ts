import pg from 'pg'
import { directDb } from '../../dev/postgres/direct-db.ts'
import type { Db } from '../../functions/core/db.ts'
import { atTheEnd } from './at-the-end.ts'
import type { TestDatabase } from './database.ts'

type Defective = {
  max: number
  defect: (text: string) => string
  /** In force on each connection: `with` of this `Db` sets nothing. */
  settings?: Record<string, string>
}

/** A `Db` whose statements have a defect, for negative controls. Made at the top of a file. */
export function defectiveDb(database: TestDatabase, { max, defect, settings = {} }: Defective): Db {
  const options = Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')
  const pool = new pg.Pool({ connectionString: database.workerUrl, max, options })
  pool.on('error', () => undefined)
  atTheEnd(() => pool.end())
  return directDb(pool, { mutate: defect })
}
