import { describe, expect, it } from 'vitest'
import type { Ctx, Principal } from '../../../functions/core/context.ts'
import { ownerOf } from '../../../functions/webhooks/subscriptions/owner.ts'

// Only the principal of the context is read.
const of = (principal: Principal | null) => ownerOf({ principal } as Ctx)

describe('the owner of webhooks', () => {
  it('is all admins, a store, all servers of a tenant, or a partner', () => {
    expect(of({ role: 'admin', sub: 'ada', tenantId: null })).toBe('admin')
    expect(of({ role: 'admin', sub: 'ben', tenantId: 7 })).toBe('admin')
    expect(of({ role: 'store', sub: '3', id: 3 })).toBe('store:3')
    expect(of({ role: 'tenant', sub: 'server-1', tenantId: 7 })).toBe('tenant:7')
    expect(of({ role: 'tenant', sub: 'server-2', tenantId: 7 })).toBe('tenant:7')
    expect(of({ role: 'partner', sub: 'acme', tenantId: null })).toBe('partner:acme')
    expect(of({ role: 'partner', sub: 'acme', tenantId: 7 })).toBe('partner:acme')
  })

  it.each([
    null,
    { role: 'courier', sub: '1', id: 1 },
    { role: 'node', sub: 'n-1', tenantId: 7, gen: 1 },
    { role: 'partner', sub: 'a b', tenantId: null },
    { role: 'partner', sub: 'ü', tenantId: null },
  ] as const)('is nobody else, nor a name that the table refuses: %j', (principal) => {
    expect(() => of(principal)).toThrow(expect.objectContaining({ code: 'forbidden' }))
  })
})
