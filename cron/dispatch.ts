import { asStatement, inPortions, type Job } from '../functions/core/job.ts'
import { returnExpired } from '../functions/dispatch/assignments/return-expired.ts'
import { removeOldEvents } from '../functions/dispatch/events/remove-old.ts'
import { settleDeliveries } from '../functions/dispatch/orders/settle.ts'
import { locks } from '../functions/registry/locks.ts'

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
    run: inPortions(removeOldEvents),
  },
]
