import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Viewed } from '../views/read.ts'
import { type CopyName, heardOf } from './copies.ts'

/** Rows of a copy, each one jsonb, with the moment of the upstream's last answer; null before there is anything of it. */
export async function readCopy<T>(ctx: Ctx, name: CopyName, rows: SQL): Promise<Viewed<T> | null> {
  const [read] = await ctx.replica.query<Viewed<T>>(sql`
select core.iso(heard.at) as "asOf", heard.overdue as stale, to_jsonb(array(${rows})) as data
from ${heardOf(name)} heard
where heard.at is not null`)
  return read ?? null
}
