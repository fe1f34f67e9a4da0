import { type SQL, sql } from 'drizzle-orm'
import { exponentOf } from '../currencies/contract.ts'
import type { Balance } from './contract.ts'

/** As JSON for the wire, of `b`. The exponent belongs to the currency, so `withExponent` adds it in TypeScript. */
export const showBalance: SQL = sql`jsonb_build_object(
  'currency', b.currency,
  'balanceMinor', b.balance_minor,
  'reservedMinor', b.reserved_minor,
  'availableMinor', b.available_minor,
  'mayGoNegative', b.may_go_negative,
  'quarantined', b.quarantined_at is not null
)`

export function withExponent(balance: Omit<Balance, 'exponent'>): Balance {
  return { ...balance, exponent: exponentOf(balance.currency) }
}
