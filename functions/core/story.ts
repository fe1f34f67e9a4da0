import type { SQL } from 'drizzle-orm'
import type { Role } from '../registry/roles.ts'
import type { Ctx } from './context.ts'

/**
 * The history of things of a row, for the operator's timeline.
 *
 * Each statement selects `at timestamptz`, `lane text`, `type text`, `text text`, `refs jsonb` and `xid bigint`: the low half
 * of the transaction that wrote the entry, which is the xmin of its row, or null. No entry may hold an amount, an address or
 * the name of a person.
 */
export type Kind = {
  /** The roles that may read it besides admins. The statement shows a caller its own things only. */
  roles: readonly Role[]
  /** Settings under which the statement runs, for row-level security. */
  settings?: (ctx: Ctx) => Record<string, string>
  /** The form of its ids. */
  id: RegExp
  entries: (ctx: Ctx, id: string) => SQL
}

export type Story = {
  kinds?: Readonly<Record<string, Kind>>
  /** Entries elsewhere that follow from a thing, by its subject, as in `order:17`. For admins only. */
  about?: (thing: { kind: string; id: string }) => SQL
  /** The entries that one transaction wrote, by its `xid8` and the low half of it. For admins only. */
  written?: (by: { xid: SQL; low: SQL }) => SQL
}
