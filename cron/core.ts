import { removeOldMessages } from '../functions/core/ingest-retention.ts'
import { asStatement, type Job } from '../functions/core/job.ts'
import { removeExpired } from '../functions/core/remove-expired.ts'
import { locks } from '../functions/registry/locks.ts'

export const coreJobs: Job[] = [
  {
    name: 'core-housekeeping',
    cron: '*/15 * * * *',
    lock: locks.housekeeping,
    run: asStatement(removeExpired),
  },
  {
    name: 'core-ingest-retention',
    cron: '*/15 * * * *',
    lock: locks.ingestRetention,
    run: asStatement(removeOldMessages),
  },
]
