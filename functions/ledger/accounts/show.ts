import { type SQL, sql } from 'drizzle-orm'
import { exponentOf } from '../../core/currencies.ts'
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

/** As JSON for the wire: an entry of a statement, of the event `p` with the account's sums after it. */
export function showEntry({ balance, reserved }: { balance: SQL; reserved: SQL }): SQL {
  return sql`jsonb_build_object(
    'id', p.id,
    'type', p.event_type,
    'cause', p.aggregate_id,
    'balanceDeltaMinor', p.balance_delta,
    'reservedDeltaMinor', p.reserved_delta,
    'balanceMinor', ${balance},
    'reservedMinor', ${reserved},
    'occurredAt', core.iso(p.occurred_at),
    'recordedAt', core.iso(p.created_at)
  )`
}
