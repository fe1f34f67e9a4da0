import { sql } from 'drizzle-orm'
import type { Ctx } from './context.ts'
import { deliverDue, giveUpLate } from './deliver.ts'
import type { JobResult } from './job.ts'
import { type Lease, renewLease } from './lease.ts'
import type { Outgoing } from './outbox.ts'
import { queueDeliveries } from './queue-deliveries.ts'

/** A run ends before the next one is due, whatever is left. */
const runMs = 50_000
/** Between two looks at feeds that say nothing new. */
const restMs = 2_000

/**
 * Queues what happened and delivers what is due, until nothing is. As long as there are webhooks it stays and looks
 * again for WEBHOOK_LINGER_SECONDS, so that an event is on its way in seconds although runs begin once a minute.
 */
export async function workOff(ctx: Ctx, lease: Lease, outgoing: readonly Outgoing[]): Promise<JobResult> {
  const begun = ctx.now().getTime()
  const spent = () => ctx.now().getTime() - begun
  const total = { queued: 0, attempted: 0, delivered: 0 }
  await ctx.db.query(giveUpLate())
  for (;;) {
    const queued = await Promise.all(outgoing.map((one) => queueDeliveries(ctx, one)))
    const { claimed, delivered } = await deliverDue(ctx)
    total.queued += queued.reduce((sum, one) => sum + one.queued, 0)
    total.attempted += claimed
    total.delivered += delivered
    if (spent() >= runMs) break
    if (claimed === 0 && !queued.some(({ more }) => more)) {
      if (spent() >= ctx.env.WEBHOOK_LINGER_SECONDS * 1000 || !(await anyWebhook(ctx))) break
      await new Promise((resolve) => setTimeout(resolve, restMs))
    }
    await renewLease(ctx, lease)
  }
  return { rows: total.delivered, ...total }
}

async function anyWebhook(ctx: Ctx): Promise<boolean> {
  const rows = await ctx.db.query(sql`
select
from core.webhooks
where disabled_at is null
  and removed_at is null
limit 1`)
  return rows.length > 0
}
