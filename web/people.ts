/** With whom a developer signs in by one click: a line or more for each role of a row. */
export type Person = {
  /** The row whose role it is; a Worker without the row does not offer it. */
  row: string
  label: string
  hint: string
  role: string
  sub: string
  tenantId?: number
  opens: string
}

// biome-ignore format: one line a person
export const people: readonly Person[] = [
  { row: 'core', label: 'Operator', hint: 'sees everything', role: 'admin', sub: '1', opens: '/app/ops' },
  { row: 'dispatch', label: 'Courier 7', hint: 'claims orders and delivers them', role: 'courier', sub: '7', opens: '/app/work' },
  { row: 'dispatch', label: 'Store 1', hint: 'posts orders and follows them', role: 'store', sub: '1', opens: '/app/orders' },
  { row: 'clicks', label: 'Partner', hint: 'owns a campaign', role: 'partner', sub: 'demo', opens: '/app/clicks' },
  { row: 'fleet', label: 'Grower', hint: 'owns two greenhouses', role: 'tenant', sub: 'grower', tenantId: 1, opens: '/app/zones' },
  { row: 'ledger', label: 'Tenant 1', hint: 'keeps bets, payments and balances', role: 'tenant', sub: 'server', tenantId: 1, opens: '/app/books' },
]
