import { makeSalts } from '../functions/clicks/upkeep/make-salts.ts'
import { asStatement, type Job } from '../functions/core/job.ts'
import { locks } from '../functions/registry/locks.ts'

export const clicksJobs: Job[] = [
  {
    name: 'clicks-salts',
    cron: '7 * * * *',
    lock: locks.clicksSalts,
    run: asStatement(makeSalts),
  },
]
