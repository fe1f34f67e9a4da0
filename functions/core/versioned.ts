/**
 * No lost update.
 *
 * Guarantee: of any number of callers that read version n, one changes the row and makes it n + 1. The others change
 * nothing and learn the current version. How a caller loses: `version_mismatch` with `current`, or `not_found`.
 * The caller must send the version that it read, give only columns that `table` has, and say in `visible` which rows the
 * principal may see, so that another principal's row is not found instead of refused.
 * One statement. It locks the row before it compares, so `current` is never older than the refusal. Driver: HTTP.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { effectAgain } from './again.ts'
import type { Ctx } from './context.ts'
import type { Db } from './db.ts'
import type { Refused } from './errors.ts'
import { answer } from './idempotency.ts'
import { named } from './named.ts'

export type VersionedChange = {
  /** The name of the statement, as in `row.verb`. */
  verb: string
  table: PgTable
  /** Or an expression, for a row that callers name otherwise. */
  id: number | SQL
  version: number
  /** `sql\`name = ${name}\`` for each column that changes, its old row is `t`; the version is added here. */
  set: SQL[]
  /** Over the alias `found`: which rows this principal may change. */
  visible?: SQL
  /** Over the alias `found`: refusals that are decided under the lock. The first match wins; each is a jsonb object. */
  refusals?: { when: SQL; outcome: SQL }[]
  /** Over the alias `changed`: the value of the answer, jsonb. */
  value: SQL
  /** Further CTEs that read `changed`, each starting with a comma: the event of the change. */
  also?: SQL
  /** With settings, when the rows are behind row-level security. */
  db?: Db
  /** Whether this error shows that the snapshot was too old. Then the change is tried again, on a newer one. */
  isOutdated?: (error: unknown) => boolean
}

type Changed<Value> = { ok: true; value: Value } | Refused

export async function changeVersion<Value>(ctx: Ctx, change: VersionedChange): Promise<Changed<Value>> {
  const { verb, table, id, version, set, visible = sql`true`, refusals = [], value, also = sql`` } = change
  const { db, isOutdated } = change
  const whens = refusals.map(({ when, outcome }) => sql`when ${when} then ${outcome}`)
  const statement = named(verb)`
with found as materialized (
  select *
  from ${table} found
  where found.id = ${id}
    and ${visible}
  for update
),
decided as (
  select case
    when found.version <> ${version}::int
    then jsonb_build_object('ok', false, 'reason', 'version_mismatch', 'current', found.version)
    ${sql.join(whens, sql` `)}
  end as refused
  from found
),
changed as (
  update ${table} as t
  set ${sql.join([...set, sql`version = t.version + 1`], sql`, `)}
  from found, decided
  where t.id = found.id
    and decided.refused is null
  returning t.*
)${also}
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'value', ${value}) from changed),
  (select refused from decided),
  jsonb_build_object('ok', false, 'reason', 'not_found')
)`)}`
  const outcome = await effectAgain<Changed<Value>>(ctx, {
    statement,
    attempts: isOutdated === undefined ? 1 : 3,
    ...(db !== undefined && { db }),
    ...(isOutdated !== undefined && { isOutdated }),
  })
  if (outcome === null) throw new Error('A change of a version answered "again"')
  return outcome
}

/** `column = value` for every value that is given; undefined leaves its column as it is. Names come from code only. */
export function assignments(values: Record<string, unknown>): SQL[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([column, value]) => sql`${sql.identifier(column)} = ${value}`)
}
