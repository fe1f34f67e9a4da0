import { neon, neonConfig } from '@neondatabase/serverless'
import { expect, it } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { freshProxy } from '../support/proxy.ts'

const database = await freshDatabase()
const proxy = await freshProxy(database)
neonConfig.fetchEndpoint = `http://${proxy.address}/sql`
const sql = neon(database.workerUrl)

it('answers a statement as the role that the connection string names', async () => {
  expect(await sql`select current_user as me, ${1}::int + 1 as two`).toEqual([
    { me: 'lockstep_worker', two: 2 },
  ])
})
