import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { lastRefreshOf } from '../../core/refresh.ts'
import { staleAfterSeconds, type ViewName } from '../../registry/views.ts'
import { type CopyName, lastAnswer } from '../upstreams/copies.ts'

export type Viewed<T> = { asOf: string; stale: boolean; data: T[] }

type View = {
  name: ViewName
  /** One jsonb per row, over the view as `v`. */
  row: SQL
  where?: SQL
  orderBy: SQL
  limit: number
  /** The copy that the view reads. The view is then no newer than the copy. */
  of?: CopyName
}

/** Rows of a materialized view, with the time of the last refresh that confirmed them. Null while the view is empty. */
export async function readView<T>(ctx: Ctx, view: View): Promise<Viewed<T> | null> {
  const { name, row, where = sql`true`, orderBy, limit, of } = view
  const [schema = '', table = ''] = name.split('.')
  const held = sql`${sql.identifier(schema)}.${sql.identifier(table)}`
  const answered = of === undefined ? sql`(select null::timestamptz as at, false as overdue)` : lastAnswer(of)
  const [read] = await ctx.replica.query<Viewed<T>>(named('space.read-view')`
select
  core.iso(least(last.confirmed_at, answered.at)) as "asOf",
  last.confirmed_at < now() - make_interval(secs => ${staleAfterSeconds[name]}) or answered.overdue is not false as stale,
  to_jsonb(array(
    select ${row}
    from ${held} v
    where ${where}
    order by ${orderBy}
    limit ${limit}
  )) as data
from ${lastRefreshOf(name)} last
cross join ${answered} answered
where exists (select from ${held})`)
  return read ?? null
}
