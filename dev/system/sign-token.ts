import { SignJWT } from 'jose'
import type { Role } from '../../functions/registry/roles.ts'

export type TokenClaims = { role: Role; sub: string; tenantId?: number; gen?: number; ttlSeconds?: number }

/** A development token: HS256, as an identity provider would fill it for this role; with `gen` a token of a device. */
export function signToken(
  secret: string,
  { role, sub, tenantId, gen, ttlSeconds = 3600 }: TokenClaims,
): Promise<string> {
  return new SignJWT({ role, ...(tenantId !== undefined && { tenantId }), ...(gen !== undefined && { gen }) })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(gen === undefined ? (process.env['AUTH_ISSUER'] ?? 'lockstep') : 'lockstep-fleet')
    .setAudience('lockstep')
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + ttlSeconds)
    .sign(new TextEncoder().encode(secret))
}
