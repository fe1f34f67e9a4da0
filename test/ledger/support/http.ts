import type { Role } from '../../../functions/registry/roles.ts'
import { type Caller, callerAt } from '../../support/caller.ts'
import { freshWorker, type TestWorker } from '../../support/worker.ts'

export { type Answer, tally } from '../../support/caller.ts'

export type Server = Caller

/** A tenant's server; paths are below /v1/ledger. */
export async function serverOf(app: TestWorker, tenantId: number, role: Role = 'tenant'): Promise<Server> {
  return callerAt(app, { below: '/v1/ledger', token: await app.token(role, 'server', tenantId) })
}

export const bet = { userId: 'u-1', stakeMinor: 1_000, currency: 'USD', odds: '2.50', selection: 'home' }

/** A completed deposit. */
export async function deposit(
  server: Server,
  amountMinor: number,
  userId = 'u-1',
  currency = 'USD',
): Promise<string> {
  const { body } = await server.post('/payments/deposits', { body: { userId, amountMinor, currency } })
  const { status } = await server.post(`/payments/${String(body['id'])}/complete`)
  if (status !== 200) throw new Error(`No money: ${status}`)
  return String(body['id'])
}

/** An accepted bet. */
export async function acceptedBet(server: Server, changes: Partial<typeof bet> = {}): Promise<string> {
  const { body } = await server.post('/bets', { body: { ...bet, ...changes } })
  const { status } = await server.post(`/bets/${String(body['id'])}/accept`)
  if (status !== 200) throw new Error(`No bet: ${status} ${JSON.stringify(body)}`)
  return String(body['id'])
}

export async function balanceOf(server: Server, userId = 'u-1'): Promise<unknown> {
  const { body } = await server.get(`/users/${userId}/balances`)
  const [balance] = body['data'] as Record<string, unknown>[]
  return balance && [balance['balanceMinor'], balance['reservedMinor'], balance['availableMinor']]
}

/** The items of a list in an answer. */
export const rowsOf = (body: Record<string, unknown>) => body['data'] as Record<string, unknown>[]

/** A Worker whose rate limits no test reaches. */
export function unlimitedWorker(): Promise<TestWorker> {
  const unlimited = { limit: 1_000_000, period: 60 } as const
  return freshWorker({ rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited } })
}

export function posted(amountMinor: number) {
  return { userId: 'u-1', currency: 'USD', amountMinor }
}

export function raw(aggregateId: string, type: string, amountMinor: number, more: object = {}) {
  return { events: [{ aggregateId, type, data: posted(amountMinor), ...more }] }
}

export function transferBatch(atomic: boolean, ...transfers: [string, string, number][]) {
  return {
    atomic,
    transfers: transfers.map(([fromUserId, toUserId, amountMinor]) => ({
      fromUserId,
      toUserId,
      amountMinor,
      currency: 'USD',
    })),
  }
}
