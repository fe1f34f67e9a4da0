import { describe, expect, it } from 'vitest'
import type { Principal } from '../../functions/core/context.ts'
import { idempotencyOf, keyFrom } from '../../functions/http/idempotency.ts'

const ada: Principal = { role: 'store', sub: '1', id: 1 }
const asked = {
  key: 'k',
  route: 'POST /x',
  path: '/x',
  body: { a: 1, b: [{ c: 2, d: 3 }] },
  version: 0,
  principal: ada,
}
const of = async (changes: Partial<Parameters<typeof idempotencyOf>[0]> = {}) => {
  const request = await idempotencyOf({ ...asked, ...changes })
  if (request === null) throw new Error('no key')
  return request
}

describe('a key', () => {
  it('belongs to one caller and one route', async () => {
    const { id } = await of()
    expect((await of()).id).toBe(id)
    const others: Parameters<typeof of>[0][] = [
      { key: 'other' },
      { route: 'POST /y' },
      { principal: { ...ada, sub: '2' } },
      { principal: { ...ada, role: 'courier' } },
      { principal: null },
    ]
    for (const other of others) expect((await of(other)).id).not.toBe(id)
  })

  it('of an admin belongs to the tenant for which the admin acts', async () => {
    const admin = (tenantId: number | null, sub = 'root') =>
      of({ principal: { role: 'admin', sub, tenantId } })
    const scopes = [admin(1), admin(2), admin(null), admin(1, 'other'), admin(null, '1:root')]
    expect(new Set((await Promise.all(scopes)).map(({ id }) => id)).size).toBe(scopes.length)
    expect((await admin(1)).id).toBe((await admin(1)).id)
  })

  it('is shared by all servers of a tenant', async () => {
    const server = (sub: string, tenantId: number) => of({ principal: { role: 'tenant', sub, tenantId } })
    expect((await server('a', 1)).id).toBe((await server('b', 1)).id)
    expect((await server('a', 1)).id).not.toBe((await server('a', 2)).id)
  })

  it('belongs to one body in any order of members, to one path and to one version', async () => {
    const { bodyHash } = await of()
    expect((await of({ body: { b: [{ d: 3, c: 2 }], a: 1 } })).bodyHash).toBe(bodyHash)
    const others: Parameters<typeof of>[0][] = [
      { body: { a: 1, b: [{ c: 2, d: 4 }] } },
      { body: { a: '1', b: [{ c: 2, d: 3 }] } },
      { body: [['a', 1]] },
      { path: '/x?y=1' },
      { version: 1 },
    ]
    for (const other of others) expect((await of(other)).bodyHash).not.toBe(bodyHash)
    expect((await of({ body: { a: 1 } })).bodyHash).not.toBe((await of({ body: [['a', 1]] })).bodyHash)
  })

  it('is stored only as a digest', async () => {
    expect((await of({ key: 'visible' })).id).toMatch(/^[\da-f]{64}$/)
  })

  it('is one to 255 visible characters', () => {
    expect(keyFrom(undefined)).toBe(null)
    for (const good of ['a', '~'.repeat(255), '"quoted"']) expect(keyFrom(good)).toBe(good)
    for (const bad of ['', ' ', 'a b', 'é', 'x'.repeat(256), 'a\n'])
      expect(() => keyFrom(bad)).toThrow('visible')
  })
})
