import { expect, it } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { freshWorker } from '../support/worker.ts'

// A second connection to the primary stands for a replica that does not show the position.
const database = await freshDatabase()
const app = await freshWorker({ database, bindings: { DATABASE_URL_REPLICAS: database.workerUrl } })
const admin = { authorization: `Bearer ${await app.token('admin', 'a')}` }

async function tripsOf(path: string, headers: Record<string, string>): Promise<string | null> {
  const response = await app.fetch(path, { headers })
  await response.body?.cancel()
  return response.headers.get('x-db-round-trips')
}

it('sends a read to the primary for the position of a caller with a token, and for no other one', async () => {
  const future = { 'x-position': '9223372036854775807' }
  expect(await tripsOf('/v1/dispatch/stores', admin)).toBe('1')
  expect(await tripsOf('/v1/dispatch/stores', { ...admin, ...future })).toBe('2')
  for (const caller of [{}, admin])
    expect(await tripsOf('/v1/space/osdr/by-year', { ...caller, ...future })).toBe('1')
})
