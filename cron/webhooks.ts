import { inPortions, type Job, underLease } from '../functions/core/job.ts'
import { type Outgoing, outboxOutgoing } from '../functions/core/outbox.ts'
import { locks } from '../functions/registry/locks.ts'
import { removeOldDeliveries } from '../functions/webhooks/deliveries/remove-old.ts'
import { runDeliveries } from '../functions/webhooks/deliveries/run.ts'

/** `outgoing`: the feeds of other rows whose events are sent to webhooks. */
export const webhooksJobs = (outgoing: readonly Outgoing[]): Job[] => [
  {
    name: 'core-delivery-retention',
    cron: '*/15 * * * *',
    lock: locks.deliveryRetention,
    run: inPortions(removeOldDeliveries),
  },
  {
    name: 'core-webhooks',
    cron: '* * * * *',
    lock: locks.webhooks,
    run: underLease((ctx, lease) => runDeliveries(ctx, lease, [outboxOutgoing, ...outgoing]), {
      // A run that died delays the next one by no more than this.
      ttlSeconds: 30,
    }),
  },
]
