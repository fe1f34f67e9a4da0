import { asStatement, type Job, underLease } from '../functions/core/job.ts'
import { type Outgoing, outboxOutgoing } from '../functions/core/outbox.ts'
import { removeDelivered } from '../functions/core/remove-delivered.ts'
import { workOff } from '../functions/core/work-off.ts'
import { locks } from '../functions/registry/locks.ts'

/** `outgoing`: the feeds of other rows whose events are sent to webhooks. */
export const webhooksJobs = (outgoing: readonly Outgoing[]): Job[] => [
  {
    name: 'core-delivery-retention',
    cron: '*/15 * * * *',
    lock: locks.deliveryRetention,
    run: asStatement(removeDelivered),
  },
  {
    name: 'core-webhooks',
    cron: '* * * * *',
    lock: locks.webhooks,
    run: underLease((ctx, lease) => workOff(ctx, lease, [outboxOutgoing, ...outgoing]), { ttlSeconds: 150 }),
  },
]
