import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { lastRefreshOf } from '../../core/refresh.ts'
import { type CopyName, heardOf } from '../upstreams/copies.ts'

export type Viewed<T> = { asOf: string; stale: boolean; data: T[] }

type View = {
  name: string
  /** One jsonb per row, over the view as `v`. */
  row: SQL
  where?: SQL
  orderBy: SQL
  limit: number
  /** Twice the rhythm of its refresh. */
  staleAfterSeconds: number
  /** What it counts is copied: then it is no newer than the copy. */
  of?: CopyName
}

/** Rows of a materialized view with the moment until which they equal their sources; null while it holds nothing. */
export async function readView<T>(ctx: Ctx, view: View): Promise<Viewed<T> | null> {
  const { name, row, where = sql`true`, orderBy, limit, staleAfterSeconds, of } = view
  const [schema = '', table = ''] = name.split('.')
  const held = sql`${sql.identifier(schema)}.${sql.identifier(table)}`
  const heard = of === undefined ? sql`(select null::timestamptz as at, false as overdue)` : heardOf(of)
  const [read] = await ctx.replica.query<Viewed<T>>(sql`
select
  core.iso(least(last.confirmed_at, heard.at)) as "asOf",
  last.confirmed_at < now() - make_interval(secs => ${staleAfterSeconds}) or heard.overdue is not false as stale,
  to_jsonb(array(
    select ${row}
    from ${held} v
    where ${where}
    order by ${orderBy}
    limit ${limit}
  )) as data
from ${lastRefreshOf(name)} last
cross join ${heard} heard
where exists (select from ${held})`)
  return read ?? null
}
