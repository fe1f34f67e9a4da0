import { type SQL, sql } from 'drizzle-orm'

const beyond = Number.MAX_SAFE_INTEGER

type Of = {
  /** An expression; of all jobs without it. */
  job?: SQL
  /** Of all outcomes without it. */
  outcome?: string
  /** Runs before this one. */
  before?: number | null
  limit: number
}

/**
 * The newest runs, newest first, at the cost of the rows that it returns.
 *
 * Range and order are over all columns of an index. For `job = … order by id desc limit 1` the planner may walk the primary
 * key backward instead, and then reads every run for a job that has none.
 */
export function newestRuns({ job, outcome, before = null, limit }: Of): SQL {
  const columns = [
    ...(job === undefined ? [] : [{ name: sql`r.job`, value: job }]),
    ...(outcome === undefined ? [] : [{ name: sql`r.outcome`, value: sql`${outcome}::text` }]),
  ]
  const of = (list: SQL[]) => sql.join(list, sql`, `)
  const key = of([...columns.map(({ name }) => name), sql`r.id`])
  const bound = (id: number) => of([...columns.map(({ value }) => value), sql`${id}::bigint`])
  return sql`
  select r.*
  from core.job_runs r
  where (${key}) > (${bound(0)})
    and (${key}) < (${bound(before ?? beyond)})
  order by ${of([...columns.map(({ name }) => sql`${name} desc`), sql`r.id desc`])}
  limit ${limit}`
}
