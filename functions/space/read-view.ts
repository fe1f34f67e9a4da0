import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'

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
}

/** Rows of a materialized view with the moment until which they equal their sources; null while it holds nothing. */
export async function readView<T>(ctx: Ctx, view: View): Promise<Viewed<T> | null> {
  const { name, row, where = sql`true`, orderBy, limit, staleAfterSeconds } = view
  const [schema = '', table = ''] = name.split('.')
  const of = sql`${sql.identifier(schema)}.${sql.identifier(table)}`
  const [read] = await ctx.replica.query<{
    as_of: string | null
    age: number | null
    holds: boolean
    data: T[]
  }>(sql`
with shown as (
  select ${row} as shown, row_number() over (order by ${orderBy}) as place
  from ${of} v
  where ${where}
  order by ${orderBy}
  limit ${limit}
)
select
  core.iso(last.confirmed_at) as as_of,
  extract(epoch from now() - last.confirmed_at)::float8 as age,
  exists (select from ${of}) as holds,
  (select coalesce(jsonb_agg(shown order by place), '[]'::jsonb) from shown) as data
from (select) one
left join lateral (
  select confirmed_at
  from core.view_refreshes
  where view = ${name}
  order by id desc
  limit 1
) last on true`)
  if (!read?.holds || read.as_of === null) return null
  return { asOf: read.as_of, stale: (read.age ?? 0) > staleAfterSeconds, data: read.data }
}
