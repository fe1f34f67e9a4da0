/** With whom a developer signs in by one click. Each row of the system adds a line for each of its roles. */
export type Person = {
  label: string
  hint: string
  role: string
  sub: string
  tenantId?: number
  opens: string
}

export const people: readonly Person[] = [
  { label: 'Operator', hint: 'sees everything', role: 'admin', sub: '1', opens: '/app/ops' },
  {
    label: 'Tenant 1',
    hint: 'with bets, payments and balances of demo users',
    role: 'tenant',
    sub: 'server',
    tenantId: 1,
    opens: '/app/books',
  },
]
