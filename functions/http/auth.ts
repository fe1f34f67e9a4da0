import { createRemoteJWKSet, decodeJwt, errors, type JWTVerifyResult, jwtVerify, SignJWT } from 'jose'
import * as z from 'zod'
import type { Principal } from '../core/context.ts'
import { AppError } from '../core/errors.ts'
import type { Env } from '../registry/env.ts'
import {
  type DeviceRole,
  deviceIssuers,
  deviceRoles,
  type Role,
  type RowRole,
  roles,
  rowRoles,
  type TenantRole,
  tenantRoles,
} from '../registry/roles.ts'

/** The last second of the year 9999. JSON allows 1e400, which would be a token without an end. */
const lastSecond = 253_402_300_799

const Claims = z.object({
  // Postgres cannot store NUL or a lone surrogate, and a log line must stay one line.
  sub: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[^\p{Cc}\p{Cs}]+$/u),
  exp: z.number().positive().max(lastSecond).optional(),
  gen: z.int().min(0).optional(),
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

type Authenticated = { principal: Principal; expiresAt: Date | null }

/** The principal of `Authorization: Bearer …`. The error names a fault in the token's shape, never a failed proof. */
export async function authenticate(header: string | undefined, env: Env): Promise<Authenticated> {
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header ?? '')?.[1]
  if (token === undefined) throw new AppError('unauthenticated', 'Send Authorization: Bearer <JWT>')
  const { payload } = await verify(token, env)
  const claims = Claims.safeParse(payload)
  if (!claims.success)
    throw new AppError('unauthenticated', 'The token needs sub, role and exp, and tenantId for a tenant')
  const { exp } = claims.data
  return { principal: principalOf(claims.data), expiresAt: exp === undefined ? null : new Date(exp * 1000) }
}

type Claimed = {
  sub: string
  role: Role
  tenantId?: number | null | undefined
  gen?: number | undefined
}

/** Parses the claims of a token once, so that no handler has to. */
export function principalOf({ sub, role, tenantId = null, gen }: Claimed): Principal {
  if (isRowRole(role)) {
    if (!/^[1-9]\d{0,14}$/.test(sub))
      throw new AppError('unauthenticated', `The sub of a ${role}’s token must be the id of its ${role}`)
    return { role, sub, id: Number(sub) }
  }
  if (isDeviceRole(role)) {
    if (tenantId === null || gen === undefined)
      throw new AppError('unauthenticated', 'A device’s token needs tenantId and gen')
    return { role, sub, tenantId, gen }
  }
  if (!isTenantRole(role)) return { role, sub, tenantId }
  if (tenantId === null) throw new AppError('unauthenticated', 'A tenant’s token needs tenantId')
  return { role, sub, tenantId }
}

function isRowRole(role: Role): role is RowRole {
  return rowRoles.some((one) => one === role)
}

function isDeviceRole(role: unknown): role is DeviceRole {
  return deviceRoles.some((one) => one === role)
}

function isTenantRole(role: Role): role is TenantRole {
  return tenantRoles.some((one) => one === role)
}

/**
 * The caller as one text, for everything that is counted or stored by caller: idempotency keys, rate limits. It has every
 * claim that decides what the caller acts on. Two servers of one tenant are one caller: after a failover the second
 * repeats the requests of the first. An admin is one caller for each tenant for which it acts.
 */
export function callerOf(principal: Principal): string {
  const { role, sub } = principal
  if ('id' in principal) return `${role}:${sub}`
  return isTenantRole(role) ? `${role}:${principal.tenantId}` : `${role}:${principal.tenantId ?? ''}:${sub}`
}

/**
 * The token's issuer only chooses which key must have signed it. Algorithms are pinned to the kind of that key, never
 * taken from the token.
 */
async function verify(token: string, env: Env): Promise<JWTVerifyResult> {
  const common = { audience: 'lockstep', clockTolerance: 30 }
  try {
    const issuer = deviceIssuers.find((one) => one === decodeJwt(token).iss)
    if (issuer !== undefined && env.FLEET_KEY !== undefined) {
      const expected = { ...common, issuer, requiredClaims: ['sub', 'iss', 'aud', 'gen'] }
      const key = await keyOf(env.FLEET_KEY)
      return onlyDevices(await jwtVerify(token, key, { ...expected, algorithms: ['HS256'] }))
    }
    const expected = { ...common, issuer: env.AUTH_ISSUER, requiredClaims: ['exp', 'sub', 'iss', 'aud'] }
    if (env.AUTH_JWKS_URL !== undefined) {
      const keys = keySetAt(env.AUTH_JWKS_URL)
      return noDevices(await jwtVerify(token, keys, { ...expected, algorithms: ['RS256', 'ES256', 'EdDSA'] }))
    }
    const key = await keyOf(env.AUTH_SECRET ?? '')
    return noDevices(await jwtVerify(token, key, { ...expected, algorithms: ['HS256'] }))
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

type Developer = { role: Role; sub: string; tenantId?: number | undefined }

/** A token for the dashboard of `npm start`; development.ts decides whether a caller may have one. */
export async function developerToken(env: Env, { role, sub, tenantId }: Developer): Promise<string> {
  return new SignJWT({ role, ...(tenantId !== undefined && { tenantId }) })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(env.AUTH_ISSUER)
    .setAudience('lockstep')
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(env.AUTH_SECRET))
}

export type Device = { role: DeviceRole; sub: string; tenantId: number; gen: number }

/** The token of a device. It has no end: a higher generation replaces it. */
export async function deviceToken({ FLEET_KEY: key }: Env, { sub, ...claims }: Device): Promise<string> {
  const [issuer] = deviceIssuers
  if (key === undefined || issuer === undefined)
    throw new AppError('unavailable', 'This deployment issues no tokens for devices: FLEET_KEY is not set', {
      retryAfter: 60,
    })
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience('lockstep')
    .setSubject(sub)
    .setIssuedAt()
    .sign(new TextEncoder().encode(key))
}

/** A leaked key of devices makes no other caller. */
function onlyDevices(verified: JWTVerifyResult): JWTVerifyResult {
  if (isDeviceRole(verified.payload['role'])) return verified
  throw new errors.JWTClaimValidationFailed('This issuer names devices only', verified.payload, 'role')
}

/** A device of the identity provider would have no generation, so nobody could revoke it. */
function noDevices(verified: JWTVerifyResult): JWTVerifyResult {
  if (!isDeviceRole(verified.payload['role'])) return verified
  throw new errors.JWTClaimValidationFailed('This issuer names no devices', verified.payload, 'role')
}

const secretKeys = new Map<string, Promise<CryptoKey>>()

/** The key of a secret, imported once per isolate, because an import costs more than the check of a token. */
function keyOf(secret: string): Promise<CryptoKey> {
  const known = secretKeys.get(secret)
  if (known) return known
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['verify'])
  secretKeys.set(secret, key)
  return key
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
