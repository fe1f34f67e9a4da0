import { decodeJwt, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { readTokenArguments } from '../../dev/commands/token.ts'
import { signToken } from '../../dev/system/sign-token.ts'

const secret = 'a secret of more than thirty-two characters'

it('signs what the Worker verifies: HS256, issuer, audience, expiry, subject, role and tenant', async () => {
  const token = await signToken(secret, { role: 'tenant', sub: 'svc', tenantId: 10_001, ttlSeconds: 60 })
  const { payload, protectedHeader } = await jwtVerify(token, new TextEncoder().encode(secret), {
    algorithms: ['HS256'],
    issuer: 'lockstep',
    audience: 'lockstep',
  })
  expect(protectedHeader.alg).toBe('HS256')
  expect(payload).toMatchObject({ sub: 'svc', role: 'tenant', tenantId: 10_001 })
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60)
})

it('leaves out the tenant of a role that has none', async () => {
  expect(decodeJwt(await signToken(secret, { role: 'courier', sub: '7' }))).not.toHaveProperty('tenantId')
})

it('reads its command line', () => {
  const args = ['--role', 'tenant', '--sub', 'svc', '--tenant', '10001', '--ttl', '60']
  expect(readTokenArguments(args)).toEqual({ role: 'tenant', sub: 'svc', tenantId: 10_001, ttlSeconds: 60 })
})

it.each([
  [[], '--role must be one of admin, tenant'],
  [['--role', 'king', '--sub', '1'], 'not king'],
  [['--role', 'courier'], '--sub is missing'],
  [['--role', 'tenant', '--sub', '1'], '--tenant is missing'],
  [['--role', 'courier', '--sub', '1', '--ttl', '0'], '--ttl must be a whole number above 0'],
  [['--role', 'courier', '--sub', '1', '--tenant', '1.5'], '--tenant must be'],
  [['--role', 'courier', '--sub', '1', '--for', 'me'], '--for'],
])('says what to change about %j', (args, message) => {
  expect(() => readTokenArguments(args)).toThrow(message)
})
