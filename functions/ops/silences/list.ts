import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Silence } from './contract.ts'
import { showSilence } from './show.ts'

type Query = { open: boolean | null; before: number | null; limit: number }

/** Silences, newest first. */
export async function listSilences(ctx: Ctx, { open, before, limit }: Query): Promise<Silence[]> {
  const rows = await ctx.db.query<{ silence: Silence }>(named('ops.list-silences')`
select ${showSilence()} as silence
from core.silences s
where (${open}::boolean is null
    or (s.ended_at is null and coalesce(s.until > now(), true)) = ${open}::boolean)
  and (${before}::bigint is null or s.id < ${before}::bigint)
order by s.id desc
limit ${limit}`)
  return rows.map(({ silence }) => silence)
}
