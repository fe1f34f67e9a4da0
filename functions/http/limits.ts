import type { Ctx } from '../core/context.ts'
import { AppError } from '../core/errors.ts'
import { callerOf } from './auth.ts'

/** The window of both rate-limit bindings in wrangler.toml; the binding itself answers only yes or no. */
export const ratePeriodSeconds = 60

type Class = 'read' | 'write'

export const rateClassOf = (method: string): Class =>
  method === 'GET' || method === 'HEAD' ? 'read' : 'write'

/** Counts this request for its caller, or for the address of a caller without a token. */
export async function limitRate(ctx: Ctx, kind: Class, address: string): Promise<void> {
  const key = ctx.principal === null ? `address:${address}` : callerOf(ctx.principal)
  const { success } = await (kind === 'read' ? ctx.env.RATE_READ : ctx.env.RATE_WRITE).limit({ key })
  if (!success)
    throw new AppError('rate_limited', `Wait ${ratePeriodSeconds} seconds before the next ${kind}`, {
      retryAfter: ratePeriodSeconds,
      extra: { class: kind },
    })
}
