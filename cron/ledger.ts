import { asStatement, type Job } from '../functions/core/job.ts'
import { checkInvariants } from '../functions/ledger/upkeep/check-invariants.ts'
import { foldWaiting } from '../functions/ledger/upkeep/fold-waiting.ts'
import { refreshAggregates } from '../functions/ledger/upkeep/refresh-aggregates.ts'
import { locks } from '../functions/registry/locks.ts'

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
