import type { Ctx } from '../../core/context.ts'
import { ingest, ingestDurably } from '../../core/ingest.ts'
import type { Config } from '../contract.ts'
import type { ClickItem, EventItem } from './item.ts'

/**
 * Hands a click to the queue. A durable campaign waits until the queue or Spill has accepted it. If neither does, the
 * visitor is sent on nevertheless: the isolate keeps the click and sends it with its next message.
 */
export async function record(
  ctx: Ctx,
  { durable }: Pick<Config, 'durable'>,
  item: ClickItem | EventItem,
): Promise<void> {
  if (!durable) {
    ingest(ctx, 'clicks', [item])
    return
  }
  await ingestDurably(ctx, 'clicks', [item]).catch((error: unknown) => ctx.log.error('durable click', error))
}
