import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { JobResult } from '../../core/job.ts'
import { type Lease, renewLease } from '../../core/lease.ts'
import type { Outgoing } from '../../core/outbox.ts'
import { deliverDue } from './deliver-due.ts'
import { fanOut } from './fan-out.ts'
import { giveUpLate } from './give-up-late.ts'

/** A run ends before the next one is due, even with deliveries left. */
const runMs = 50_000
/** The pause between two reads of feeds without new events. */
const restMs = 2_000

/**
 * A delivery run: it queues new events and attempts due deliveries until there are none. While there are webhooks it keeps
 * looking for WEBHOOK_LINGER_SECONDS, so an event is sent within seconds although runs start once a minute.
 */
export async function runDeliveries(
  ctx: Ctx,
  lease: Lease,
  outgoing: readonly Outgoing[],
): Promise<JobResult> {
  const begun = ctx.now().getTime()
  const spent = () => ctx.now().getTime() - begun
  const total = { queued: 0, attempted: 0, delivered: 0 }
  await ctx.db.query(giveUpLate())
  for (;;) {
    const queued = await Promise.all(outgoing.map((one) => fanOut(ctx, one)))
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
from webhooks.webhooks
where disabled_at is null
  and removed_at is null
limit 1`)
  return rows.length > 0
}
