import { asStatement, type Job } from '../functions/core/job.ts'
import { locks } from '../functions/core/locks.ts'
import type { Outgoing } from '../functions/core/queue-deliveries.ts'
import { orderOutgoing } from '../functions/dispatch/outgoing.ts'
import { removeOldEvents } from '../functions/dispatch/remove-old-events.ts'
import { returnExpired } from '../functions/dispatch/return-expired.ts'
import { settleDeliveries } from '../functions/dispatch/settle.ts'

export const dispatchOutgoing: Outgoing[] = [orderOutgoing]

export const dispatchJobs: Job[] = [
  {
    name: 'dispatch-lease-expiry',
    cron: '* * * * *',
    lock: locks.dispatchLeaseExpiry,
    run: asStatement(() => returnExpired()),
  },
  {
    name: 'dispatch-settlement',
    cron: '* * * * *',
    lock: locks.dispatchSettlement,
    run: asStatement(() => settleDeliveries()),
  },
  {
    name: 'dispatch-retention',
    cron: '*/15 * * * *',
    lock: locks.dispatchRetention,
    run: asStatement(() => removeOldEvents()),
  },
]
