import type { Ctx } from '../core/context.ts'
import { AppError } from '../core/errors.ts'
import { authenticate } from './auth.ts'

/** Lets pass a caller with METRICS_TOKEN, and an admin. */
export async function mustScrape({ env }: Ctx, request: Request): Promise<void> {
  const header = request.headers.get('authorization') ?? undefined
  const token = /^Bearer (\S+)$/i.exec(header ?? '')?.[1]
  if (token !== undefined && env.METRICS_TOKEN !== undefined && (await isEqual(token, env.METRICS_TOKEN)))
    return
  const { principal } = await authenticate(header, env)
  if (principal.role !== 'admin') throw new AppError('forbidden', 'This route is for: admin')
}

/** Digests have one length, so the time of the comparison reveals nothing of the secret. */
async function isEqual(given: string, secret: string): Promise<boolean> {
  const [a, b] = await Promise.all([digestOf(given), digestOf(secret)])
  let difference = 0
  for (const [at, byte] of a.entries()) difference |= byte ^ (b[at] ?? 0)
  return difference === 0
}

async function digestOf(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}
