import type { Ctx } from '../../core/context.ts'
import { type Gap, type Minute, readAccounting } from '../../core/ingest-accounting.ts'

type Window = { from: string; to: string }

/** The account of the stream of clicks, newest minute first. */
export async function readClickAccounting(
  ctx: Ctx,
  { from, to }: Window,
): Promise<{ data: Minute[]; gaps: Gap[] }> {
  const { minutes, gaps } = await readAccounting(ctx, 'clicks', { from: new Date(from), to: new Date(to) })
  return { data: minutes, gaps }
}
