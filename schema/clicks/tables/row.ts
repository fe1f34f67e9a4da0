import { sql } from 'drizzle-orm'
import { pgSchema } from 'drizzle-orm/pg-core'

export const clicksSchema = pgSchema('clicks')

export function ownerShape() {
  return sql`owner = 'admin' or owner ~ '^partner:[!-~]{1,128}$'`
}

export function slugShape() {
  return sql`slug ~* '^[a-z0-9-]{1,64}$'`
}

export function urlShape(column: string) {
  return sql`${sql.raw(column)} ~* '^https?://' and char_length(${sql.raw(column)}) <= 2000`
}
