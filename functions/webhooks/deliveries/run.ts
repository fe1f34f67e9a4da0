import type { Ctx } from '../../core/context.ts'
import type { JobResult } from '../../core/job.ts'
import { type Lease, renewLease, whileRenewing } from '../../core/lease.ts'
import { named } from '../../core/named.ts'
import type { Outgoing } from '../../core/outbox.ts'
import { deliverDue } from './deliver-due.ts'
import { fanOut } from './fan-out.ts'
import { giveUpLate } from './give-up-late.ts'

/** A run ends before the next one is due, even with deliveries left. */
const runMs = 55_000
/** The pause between two reads of feeds without new events. */
const restMs = 2_000

/**
 * A delivery run: it queues new events and attempts due deliveries until there are none. It keeps looking for
 * WEBHOOK_LINGER_SECONDS, so an event is sent within seconds although runs start once a minute. Without a webhook it looks
 * only for the first one, because its first event must not wait for the next run.
 */
export function runDeliveries(ctx: Ctx, lease: Lease, outgoing: readonly Outgoing[]): Promise<JobResult> {
  return whileRenewing(ctx, lease, () => rounds(ctx, lease, outgoing))
}

async function rounds(ctx: Ctx, lease: Lease, outgoing: readonly Outgoing[]): Promise<JobResult> {
  const begun = ctx.now().getTime()
  const spent = () => ctx.now().getTime() - begun
  const lingered = () => spent() >= ctx.env.WEBHOOK_LINGER_SECONDS * 1000
  const total = { queued: 0, attempted: 0, delivered: 0 }
  let faults: string[] = []
  await ctx.db.query(giveUpLate())
  for (let round = 0; ; round += 1) {
    // The first round moves the cursors of the feeds, also without a webhook.
    if (round > 0 && !(await anyWebhook(ctx))) {
      if (lingered()) break
      await rest()
      continue
    }
    const queued = await fanOutAll(ctx, outgoing)
    faults = queued.faults
    const { claimed, delivered } = await deliverDue(ctx)
    total.queued += queued.queued
    total.attempted += claimed
    total.delivered += delivered
    if (spent() >= runMs) break
    if (claimed === 0 && !queued.more) {
      if (lingered()) break
      await rest()
    }
    await renewLease(ctx, lease)
  }
  if (faults.length > 0)
    return {
      rows: total.delivered,
      ...total,
      outcome: 'failed',
      error: `a feed cannot be read: ${faults.join(', ')}`,
    }
  return { rows: total.delivered, ...total }
}

type Queued = { queued: number; more: boolean; faults: string[] }

/** A feed that cannot be read holds up neither the other feeds nor the deliveries that are due. */
async function fanOutAll(ctx: Ctx, outgoing: readonly Outgoing[]): Promise<Queued> {
  const results = await Promise.allSettled(outgoing.map((one) => fanOut(ctx, one)))
  const all: Queued = { queued: 0, more: false, faults: [] }
  for (const [place, result] of results.entries()) {
    const name = outgoing[place]?.feed.name ?? ''
    if (result.status === 'fulfilled') {
      all.queued += result.value.queued
      all.more ||= result.value.more
    } else {
      ctx.log.error('webhook feed', result.reason, { feed: name })
      all.faults.push(name)
    }
  }
  return all
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, restMs))
}

async function anyWebhook(ctx: Ctx): Promise<boolean> {
  const rows = await ctx.db.query(named('webhooks.has-webhooks')`
select
from webhooks.webhooks
where disabled_at is null
  and removed_at is null
limit 1`)
  return rows.length > 0
}
