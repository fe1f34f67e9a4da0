import { asStatement, type Job, underLease } from '../functions/core/job.ts'
import type { Outgoing } from '../functions/core/outbox.ts'
import { outboxOutgoing } from '../functions/core/outbox.ts'
import { removeDelivered } from '../functions/core/remove-delivered.ts'
import { removeExpired } from '../functions/core/remove-expired.ts'
import { workOff } from '../functions/core/work-off.ts'
import { locks } from '../functions/registry/locks.ts'

/** `outgoing`: the modules' feeds that webhooks may hear. */
export const coreJobs = (outgoing: Outgoing[]): Job[] => [
  {
    name: 'core-housekeeping',
    cron: '*/15 * * * *',
    lock: locks.housekeeping,
    run: asStatement(removeExpired),
  },
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
