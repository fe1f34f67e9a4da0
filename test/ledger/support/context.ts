import type { Ctx } from '../../../functions/core/context.ts'
import type { Refused } from '../../../functions/core/errors.ts'
import { placeBet } from '../../../functions/ledger/bets/place.ts'
import { transitionBet } from '../../../functions/ledger/bets/transition.ts'
import { requestPayment } from '../../../functions/ledger/payments/request.ts'
import { transitionPayment } from '../../../functions/ledger/payments/transition.ts'
import { type Environment, key } from '../../core/environment.ts'

/** A context of one tenant's server; with a key, the request is idempotent. */
export function tenantContext(world: Environment, tenantId = 1, requestKey?: string): Ctx {
  return world.ctx({
    principal: { role: 'tenant', sub: 'server', tenantId },
    ...(requestKey === undefined ? {} : { idempotency: key(`${tenantId}/${requestKey}`) }),
  })
}

export const order = { userId: 'u-1', stakeMinor: 1_000, currency: 'USD', odds: '2.50', selection: 'home' }

/** The value of a command; throws the refusal if there is one. */
export async function done<T>(outcome: Promise<{ ok: true; value: T } | Refused>): Promise<T> {
  const result = await outcome
  if (result.ok) return result.value
  throw new Error(`refused: ${JSON.stringify(result)}`)
}

/** Completes a deposit and returns its id. */
export async function fund(
  ctx: Ctx,
  amountMinor: number,
  { userId = 'u-1', currency = 'USD' } = {},
): Promise<string> {
  const { id } = await done(requestPayment(ctx, 'deposit', { userId, currency, amountMinor }))
  await done(transitionPayment(ctx, id, { do: 'complete' }))
  return id
}

/** Places and accepts a bet and returns its id. */
export async function openBet(ctx: Ctx, bet: Partial<typeof order> = {}): Promise<string> {
  const { id } = await done(placeBet(ctx, { ...order, ...bet }))
  await done(transitionBet(ctx, id, { do: 'accept' }))
  return id
}
