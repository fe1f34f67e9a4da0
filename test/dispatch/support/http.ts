import type { Role } from '../../../functions/registry/roles.ts'
import { type Caller, callerAt } from '../../support/caller.ts'
import type { TestWorker } from '../../support/worker.ts'

export { type Answer, type Caller, insist, tally } from '../../support/caller.ts'

/** A client with a token; its paths are below /v1/dispatch. */
export async function caller(app: TestWorker, role: Role, sub: number | string): Promise<Caller> {
  return callerAt(app, { below: '/v1/dispatch', token: await app.token(role, sub) })
}

export const parcel = {
  deliveryAddress: '2 Long Lane',
  recipientName: 'Rosa',
  phone: '+44 20 7946 0000',
  boxesCount: 2,
}
