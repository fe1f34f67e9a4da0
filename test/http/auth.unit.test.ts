import { describe, expect, it } from 'vitest'
import { authenticate } from '../../functions/http/auth.ts'
import { type Env, parseEnv } from '../../functions/registry/env.ts'
import { deviceKey } from '../support/device-key.ts'
import { claimsOf, secret, signed } from './tokens.ts'

const limit = async () => ({ success: true })
const bindings = {
  DATABASE_URL: 'postgresql://nobody:x@127.0.0.1/none',
  AUTH_SECRET: secret,
  RATE_READ: { limit },
  RATE_WRITE: { limit },
}
const env = parseEnv({ ...bindings, FLEET_KEY: deviceKey })

const { exp: _none, ...endless } = claimsOf('node', 'nd-ph-1a2b')
const device = { ...endless, tenantId: 7, gen: 3 }
const ask = async (claims: Record<string, unknown>, key: string, by: Env = env) =>
  authenticate(`Bearer ${await signed(claims, key)}`, by)
const refused = expect.objectContaining({ code: 'unauthenticated', status: 401 })

describe('a token of a device', () => {
  it('is signed with the key of devices, and needs no end', async () => {
    expect(await ask(device, deviceKey)).toEqual({
      principal: { role: 'node', sub: 'nd-ph-1a2b', tenantId: 7, gen: 3 },
      expiresAt: null,
    })
    const greenhouse = await ask({ ...device, role: 'greenhouse' }, deviceKey)
    expect(greenhouse.principal.role).toBe('greenhouse')
  })

  it('that has an end is refused after it', async () => {
    await expect(ask({ ...device, exp: 1_000_000_000 }, deviceKey)).rejects.toEqual(refused)
  })

  it.each([
    ['an admin', { ...device, role: 'admin' }, deviceKey],
    ['a tenant', { ...device, role: 'tenant' }, deviceKey],
    ['a courier', { ...device, role: 'courier', sub: '7' }, deviceKey],
    ['a device without a generation', { ...device, gen: undefined }, deviceKey],
    ['a device without a tenant', { ...device, tenantId: undefined }, deviceKey],
    [
      'a device that the identity provider names',
      { ...claimsOf('admin'), role: 'node', tenantId: 7, gen: 3 },
      secret,
    ],
    ['a device of another audience', { ...device, aud: 'other' }, deviceKey],
    ['a device, signed by the identity provider', device, secret],
    ['a device, signed by a stranger', device, 'a key that nobody has ever configured'],
    ['an admin of the identity provider', claimsOf('admin'), deviceKey],
    ['an admin of the identity provider without an end', { ...claimsOf('admin'), exp: undefined }, secret],
  ])('makes nobody %s', async (_who, claims, key) => {
    await expect(ask(claims, key)).rejects.toEqual(refused)
  })

  it('is refused where no key of devices is configured', async () => {
    const without = parseEnv({ ...bindings })
    await expect(ask(device, deviceKey, without)).rejects.toEqual(refused)
    await expect(ask(device, secret, without)).rejects.toEqual(refused)
    expect((await ask(claimsOf('admin'), secret, without)).principal).toMatchObject({ role: 'admin' })
  })
})
