import { removeOldMessages } from '../functions/core/ingest-retention.ts'
import { asStatement, inPortions, type Job } from '../functions/core/job.ts'
import { keepPartitions } from '../functions/core/partitions.ts'
import { foldQueries, recordQueries } from '../functions/core/record-queries.ts'
import { recordRelations } from '../functions/core/relation-days.ts'
import { removeExpired } from '../functions/core/remove-expired.ts'
import { locks } from '../functions/registry/locks.ts'

export const coreJobs: Job[] = [
  {
    name: 'core-housekeeping',
    cron: '*/15 * * * *',
    lock: locks.housekeeping,
    run: inPortions(removeExpired),
  },
  {
    name: 'core-partitions',
    cron: '7 * * * *',
    lock: locks.partitions,
    run: asStatement(keepPartitions),
  },
  {
    name: 'core-ingest-retention',
    cron: '*/15 * * * *',
    lock: locks.ingestRetention,
    run: asStatement(removeOldMessages),
  },
  {
    name: 'core-relation-days',
    cron: '7 * * * *',
    lock: locks.relationDays,
    run: asStatement(recordRelations),
  },
  {
    name: 'core-query-stats',
    cron: '* * * * *',
    lock: locks.queryStats,
    run: asStatement(recordQueries),
  },
  {
    name: 'core-query-folding',
    cron: '7 * * * *',
    lock: locks.queryFolding,
    run: asStatement(foldQueries),
  },
]
