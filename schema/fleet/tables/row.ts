import { type SQL, sql } from 'drizzle-orm'
import { numeric, pgSchema } from 'drizzle-orm/pg-core'
import { idOf, listed } from '../../kit/columns.ts'

export const fleet = pgSchema('fleet')

/** Row-level security compares it with the tenant of the transaction (schema/fleet/declared.ts). */
export const tenantId = () => idOf('tenant_id').notNull()

/** An amount of a regulator's unit, in whole thousandths: a sum of doses is exact. */
export const amount = (name: string) => numeric(name, { precision: 12, scale: 3 })

export const known = (column: string, words: readonly string[]): SQL =>
  sql`${sql.raw(column)} in (${listed(words)})`
