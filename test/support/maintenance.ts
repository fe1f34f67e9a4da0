import pg from 'pg'
import { inject } from 'vitest'
import { urlOfDatabase } from '../../dev/postgres/urls.ts'
import { bySocket } from './by-socket.ts'

const kept = globalThis as { lockstepMaintenance?: Promise<pg.Client> | undefined }

/**
 * The owner's connection beside all tests, for making databases and for looking at the server. The files of a process
 * share it: opening one costs as much as a hundred statements.
 */
export function maintenance(): Promise<pg.Client> {
  return (kept.lockstepMaintenance ??= open())
}

async function open(): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: bySocket(urlOfDatabase(inject('templateUrl'), 'postgres')),
    application_name: 'the maintenance of test files',
  })
  client.on('error', () => undefined)
  client.on('end', () => {
    kept.lockstepMaintenance = undefined
  })
  await client.connect()
  return client
}
