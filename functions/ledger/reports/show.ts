import { type SQL, sql } from 'drizzle-orm'

/** A number while a JSON number carries it exactly, a string of its digits beyond. */
export function exact(value: SQL): SQL {
  return sql`case
    when abs(${value}) <= ${String(Number.MAX_SAFE_INTEGER)}::numeric then to_jsonb(${value})
    else to_jsonb((${value})::text)
  end`
}
