import { createRemoteJWKSet, errors, type JWTVerifyResult, jwtVerify } from 'jose'
import * as z from 'zod'
import type { Principal } from '../core/context.ts'
import { AppError } from '../core/errors.ts'
import type { Env } from '../registry/env.ts'
import { type Role, type RowRole, roles, rowRoles, type TenantRole, tenantRoles } from '../registry/roles.ts'

/** The last second of the year 9999. JSON allows 1e400, which would be a token without an end. */
const lastSecond = 253_402_300_799

const Claims = z.object({
  // Postgres cannot store NUL or a lone surrogate, and a log line must stay one line.
  sub: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[^\p{Cc}\p{Cs}]+$/u),
  exp: z.number().positive().max(lastSecond),
  role: z.enum(roles),
  tenantId: z
    .union([
      z.int().positive(),
      z
        .string()
        .regex(/^[1-9]\d{0,14}$/)
        .transform(Number),
    ])
    .optional(),
})

type KeySet = ReturnType<typeof createRemoteJWKSet>
const keySets = new Map<string, KeySet>()

type Authenticated = { principal: Principal; expiresAt: Date }

/** The principal of `Authorization: Bearer …`. The error names a fault in the token's shape, never a failed proof. */
export async function authenticate(header: string | undefined, env: Env): Promise<Authenticated> {
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header ?? '')?.[1]
  if (token === undefined) throw new AppError('unauthenticated', 'Send Authorization: Bearer <JWT>')
  const { payload } = await verify(token, env)
  const claims = Claims.safeParse(payload)
  if (!claims.success)
    throw new AppError('unauthenticated', 'The token needs sub, role and exp, and tenantId for a tenant')
  return { principal: principalOf(claims.data), expiresAt: new Date(claims.data.exp * 1000) }
}

type Claimed = { sub: string; role: Role; tenantId?: number | null | undefined }

/** Parses the claims of a token once, so that no handler has to. */
export function principalOf({ sub, role, tenantId = null }: Claimed): Principal {
  if (isRowRole(role)) {
    if (!/^[1-9]\d{0,14}$/.test(sub))
      throw new AppError('unauthenticated', `The sub of a ${role}’s token must be the id of its ${role}`)
    return { role, sub, id: Number(sub) }
  }
  if (!isTenantRole(role)) return { role, sub, tenantId }
  if (tenantId === null) throw new AppError('unauthenticated', 'A tenant’s token needs tenantId')
  return { role, sub, tenantId }
}

function isRowRole(role: Role): role is RowRole {
  return rowRoles.some((one) => one === role)
}

export function isTenantRole(role: Role): role is TenantRole {
  return tenantRoles.some((one) => one === role)
}

/** Algorithms are pinned to the configured kind of key, never taken from the token. */
async function verify(token: string, env: Env): Promise<JWTVerifyResult> {
  const expected = {
    issuer: env.AUTH_ISSUER,
    audience: 'lockstep',
    requiredClaims: ['exp', 'sub', 'iss', 'aud'],
    clockTolerance: 30,
  }
  try {
    if (env.AUTH_JWKS_URL !== undefined) {
      const keys = keySetAt(env.AUTH_JWKS_URL)
      return await jwtVerify(token, keys, { ...expected, algorithms: ['RS256', 'ES256', 'EdDSA'] })
    }
    const secret = new TextEncoder().encode(env.AUTH_SECRET)
    return await jwtVerify(token, secret, { ...expected, algorithms: ['HS256'] })
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new AppError('unauthenticated', 'The token has expired')
    if (error instanceof errors.JOSEError && !providersFaults.has(error.code))
      throw new AppError('unauthenticated', 'The token is invalid for this API', { cause: error })
    throw new AppError('unavailable', 'The keys of the identity provider cannot be fetched', {
      retryAfter: 5,
      cause: error,
    })
  }
}

/** The provider timed out, answered other than 200, or published malformed keys. */
const providersFaults = new Set([
  'ERR_JWKS_TIMEOUT',
  'ERR_JOSE_GENERIC',
  'ERR_JWKS_INVALID',
  'ERR_JWK_INVALID',
])

/** One set per URL and isolate: jose caches the keys, and fetches them again for an unknown key id. */
function keySetAt(url: string): KeySet {
  const known = keySets.get(url)
  if (known) return known
  const keys = createRemoteJWKSet(new URL(url), {
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
    timeoutDuration: 3_000,
  })
  keySets.set(url, keys)
  return keys
}
