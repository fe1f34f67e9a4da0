import type { Role } from '../../../functions/registry/roles.ts'
import { type Caller, callerAt } from '../../support/caller.ts'
import type { TestWorker } from '../../support/worker.ts'

export { type Answer, type Caller, insist, tally } from '../../support/caller.ts'

/** A client of /v1/fleet with this token. */
export const bearer = (app: TestWorker, token: string): Caller =>
  callerAt(app, { below: '/v1/fleet', token, keyed: true })

export async function callerOf(app: TestWorker, role: Role, tenantId?: number): Promise<Caller> {
  return bearer(app, await app.token(role, 'someone', tenantId))
}
