import { inject } from 'vitest'
import { workerRole } from '../../dev/postgres/roles.ts'
import { urlAs } from '../../dev/postgres/urls.ts'

/** The connection string of the Worker's role, for a database of a server of the tests. */
export function asWorker(url: string): string {
  return urlAs(url, { user: workerRole, password: inject('workerPassword') })
}
