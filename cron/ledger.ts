import { asStatement, type Job } from '../functions/core/job.ts'
import { locks } from '../functions/core/locks.ts'
import { checkInvariants } from '../functions/ledger/check-invariants.ts'
import { foldWaiting } from '../functions/ledger/fold-waiting.ts'
import { refreshAggregates } from '../functions/ledger/refresh-aggregates.ts'

export const ledgerJobs: Job[] = [
  {
    name: 'ledger-fold-waiting',
    cron: '* * * * *',
    lock: locks.ledgerFoldWaiting,
    run: asStatement(foldWaiting),
  },
  {
    name: 'ledger-aggregates',
    cron: '* * * * *',
    lock: locks.ledgerAggregates,
    run: asStatement(refreshAggregates),
  },
  {
    name: 'ledger-invariants',
    cron: '*/15 * * * *',
    lock: locks.ledgerInvariants,
    run: asStatement(checkInvariants),
  },
]
