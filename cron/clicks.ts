import { matchEvents } from '../functions/clicks/clicks/match-events.ts'
import { matchOrphans } from '../functions/clicks/conversions/match-orphans.ts'
import { sendPostbacks } from '../functions/clicks/conversions/send-postbacks.ts'
import { runReplays } from '../functions/clicks/rules/run-replays.ts'
import { foldDimensions } from '../functions/clicks/stats/fold-dimensions.ts'
import { checkChoices } from '../functions/clicks/upkeep/check-choices.ts'
import { makeSalts } from '../functions/clicks/upkeep/make-salts.ts'
import { removeOld } from '../functions/clicks/upkeep/remove-old.ts'
import { asStatement, inPortions, inSession, type Job, underLease } from '../functions/core/job.ts'
import { locks } from '../functions/registry/locks.ts'

export const clicksJobs: Job[] = [
  {
    name: 'clicks-salts',
    cron: '7 * * * *',
    lock: locks.clicksSalts,
    run: asStatement(makeSalts),
  },
  {
    name: 'clicks-dimensions',
    cron: '* * * * *',
    lock: locks.clicksDimensions,
    run: inPortions(foldDimensions),
  },
  {
    name: 'clicks-replays',
    cron: '* * * * *',
    lock: locks.clicksReplays,
    run: inPortions(runReplays),
  },
  {
    name: 'clicks-choices',
    cron: '7 * * * *',
    lock: locks.clicksChoices,
    run: inSession(checkChoices),
  },
  {
    name: 'clicks-retention',
    cron: '*/15 * * * *',
    lock: locks.clicksRetention,
    run: inPortions(removeOld),
  },
  {
    name: 'clicks-events',
    cron: '* * * * *',
    lock: locks.clicksEvents,
    run: inPortions(matchEvents),
  },
  {
    name: 'clicks-orphans',
    cron: '* * * * *',
    lock: locks.clicksOrphans,
    run: inPortions(matchOrphans),
  },
  {
    name: 'clicks-postbacks',
    cron: '* * * * *',
    lock: locks.clicksPostbacks,
    run: underLease(sendPostbacks),
  },
]
