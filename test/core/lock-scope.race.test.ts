import { expect, it } from 'vitest'
import { freshDatabase } from '../support/database.ts'

/* Behind a pooler the next transaction may get another connection, so a lock of the session would stay behind. */
const database = await freshDatabase()
const [one, other] = [await database.connect(database.workerUrl), await database.connect(database.workerUrl)]
const take = 'select core.take_lock(990003)'

it('a lock ends with its transaction while the connection stays open', async () => {
  await one.query('begin')
  await one.query(take)
  await expect(other.query(take)).rejects.toMatchObject({ code: 'LS010' })
  await one.query('commit')
  await other.query(take)
  const held = `select from pg_locks where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database())`
  expect((await database.admin.query(held)).rowCount).toBe(0)
})
