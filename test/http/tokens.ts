import { CompactSign, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { deviceRoles, type Role } from '../../functions/registry/roles.ts'
import { deviceKey } from '../support/device-key.ts'

export const secret = 'the secret of the Worker that these tests start'

const now = () => Math.floor(Date.now() / 1000)
const bytes = (text: string) => new TextEncoder().encode(text)

type Claims = Record<string, unknown>

/** The claims that a token of this role needs, and how a test spoils each. */
export const claimsOf = (role: string, sub = '1'): Claims => ({
  role,
  sub,
  iss: 'lockstep',
  aud: 'lockstep',
  exp: now() + 600,
  ...(role === 'tenant' ? { tenantId: 10_001 } : {}),
  ...(isDevice(role) ? { iss: 'lockstep-fleet', tenantId: 10_001, gen: 1 } : {}),
})

const isDevice = (role: string) => deviceRoles.some((one) => one === role)

export const signed = (claims: Claims, key = secret): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(bytes(key))

/** Claims that JSON.stringify would not write. */
function signedText(claims: Claims, from: RegExp, to: string): Promise<string> {
  const payload = bytes(JSON.stringify(claims).replace(from, to))
  return new CompactSign(payload).setProtectedHeader({ alg: 'HS256' }).sign(bytes(secret))
}

const bearers = new Map<Role, Promise<string>>()

/** A good token for this role, signed once. Files of one process share it, so it outlasts the run. */
export function bearer(role: Role): Promise<string> {
  const claims = { ...claimsOf(role), exp: now() + 86_400 }
  const known =
    bearers.get(role) ??
    signed(claims, isDevice(role) ? deviceKey : secret).then((token) => `Bearer ${token}`)
  bearers.set(role, known)
  return known
}

/** Each looks like a token, or nearly, and proves nothing. */
export async function worthless(): Promise<[what: string, authorization: string | undefined][]> {
  const good = claimsOf('admin')
  const without = (name: string) =>
    Object.fromEntries(Object.entries(good).filter(([claim]) => claim !== name))
  const rsa = await generateKeyPair('RS256', { extractable: true })
  const token = await signed(good)
  const [head = '', , proof = ''] = token.split('.')
  const other = Buffer.from(JSON.stringify({ ...good, role: 'courier' })).toString('base64url')
  const asBearer = async (claims: Claims, key?: string) => `Bearer ${await signed(claims, key)}`
  return [
    ['no token', undefined],
    ['an empty header', ''],
    ['another scheme', `Basic ${token}`],
    ['garbage', 'Bearer garbage'],
    ['two dots and nothing', 'Bearer ..'],
    ['text that only looks like one', 'Bearer eyJhbGciOi.eyJzdWIiOiI3.c2ln'],
    ['the algorithm none', `Bearer ${new UnsecuredJWT(good).encode()}x`],
    ['the algorithm none without a signature', `Bearer ${new UnsecuredJWT(good).encode()}`],
    ['another secret', await asBearer(good, 'another secret, which nobody should have')],
    [
      'the algorithm of another kind of key',
      `Bearer ${await new SignJWT(good).setProtectedHeader({ alg: 'RS256' }).sign(rsa.privateKey)}`,
    ],
    ['a public key as its secret', await asBearer(good, await exportSPKI(rsa.publicKey))],
    ['claims that were changed', `Bearer ${head}.${other}.${proof}`],
    ['a signature that was cut', `Bearer ${token.slice(0, -2)}`],
    ['an end in the past', await asBearer({ ...good, exp: now() - 31 })],
    ['a beginning in the future', await asBearer({ ...good, nbf: now() + 3_600 })],
    ['another audience', await asBearer({ ...good, aud: 'other' })],
    ['another issuer', await asBearer({ ...good, iss: 'other' })],
    ['an unknown role', await asBearer({ ...good, role: 'root' })],
    ['a role that is no text', await asBearer({ ...good, role: ['admin'] })],
    ['an empty sub', await asBearer({ ...good, sub: '' })],
    ['a sub with NUL', await asBearer({ ...good, sub: 'a\0b' })],
    ['a sub of two lines', await asBearer({ ...good, sub: 'a\nb' })],
    ['a sub with half a character', await asBearer({ ...good, sub: 'a\ud800' })],
    ['an end beyond numbers', `Bearer ${await signedText(good, /"exp":\d+/, '"exp":1e400')}`],
    ['an end after the year 9999', await asBearer({ ...good, exp: 999_999_999_999 })],
    ['a tenant without its id', await asBearer({ ...good, role: 'tenant' })],
    ['a tenant whose id is no number', await asBearer({ ...good, role: 'tenant', tenantId: '1 or 1=1' })],
    ['a store whose sub is no id', await asBearer({ ...good, role: 'store', sub: 'abc' })],
    [
      'a courier whose sub is beyond numbers',
      await asBearer({ ...good, role: 'courier', sub: '9'.repeat(30) }),
    ],
    ...(await Promise.all(
      ['sub', 'exp', 'iss', 'aud', 'role'].map(
        async (claim): Promise<[string, string]> => [`no ${claim}`, await asBearer(without(claim))],
      ),
    )),
  ]
}
