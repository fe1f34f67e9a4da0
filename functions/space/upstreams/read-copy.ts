import type { SQL } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Viewed } from '../views/read.ts'
import { type CopyName, lastAnswer } from './copies.ts'

/** Rows of a copy, each one jsonb, with the time of the upstream's last successful answer. Null while the copy is empty. */
export async function readCopy<T>(ctx: Ctx, name: CopyName, rows: SQL): Promise<Viewed<T> | null> {
  const [read] = await ctx.replica.query<Viewed<T>>(named('space.read-copy')`
select core.iso(answered.at) as "asOf", answered.overdue as stale, to_jsonb(array(${rows})) as data
from ${lastAnswer(name)} answered
where answered.at is not null`)
  return read ?? null
}
