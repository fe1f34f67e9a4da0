import { SignJWT } from 'jose'
import type { Role } from '../../functions/registry/roles.ts'

export type TokenClaims = { role: Role; sub: string; tenantId?: number; ttlSeconds?: number }

/** A development token: HS256, as an identity provider would fill it for this role. */
export function signToken(
  secret: string,
  { role, sub, tenantId, ttlSeconds = 3600 }: TokenClaims,
): Promise<string> {
  return new SignJWT({ role, ...(tenantId !== undefined && { tenantId }) })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(process.env['AUTH_ISSUER'] ?? 'lockstep')
    .setAudience('lockstep')
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + ttlSeconds)
    .sign(new TextEncoder().encode(secret))
}
