import { aroundCall, asStatement, type Job, underLease } from '../functions/core/job.ts'
import { locks } from '../functions/registry/locks.ts'
import { fetchElements } from '../functions/space/iss/fetch-elements.ts'
import { fetchPosition } from '../functions/space/iss/fetch-position.ts'
import { logPosition } from '../functions/space/iss/log-position.ts'
import { storeElements } from '../functions/space/iss/store-elements.ts'
import { fetchPictures } from '../functions/space/nasa/fetch-pictures.ts'
import { storePictures } from '../functions/space/nasa/store-pictures.ts'
import { syncApproaches } from '../functions/space/nasa/sync-approaches.ts'
import { syncWeather } from '../functions/space/nasa/sync-weather.ts'
import { syncDatasets } from '../functions/space/osdr/sync-datasets.ts'
import { removeOldAnswers } from '../functions/space/upstreams/remove-old-answers.ts'
import { refreshViews } from '../functions/space/views/refresh.ts'

// Cloudflare's free plan has five cron expressions, so jobs share them. The minutes are odd, because most other clients
// call at the full hour.
const everyMinute = '* * * * *'
const everyQuarter = '*/15 * * * *'
const everyHour = '7 * * * *'
const everySecondHour = '37 */2 * * *'
const everySixthHour = '47 */6 * * *'

/** Calls take seconds. A lease is renewed three times within its term, and expires half a minute after its holder died. */
const patient = { ttlSeconds: 30 }

export const spaceJobs: Job[] = [
  {
    name: 'iss-position',
    cron: everyMinute,
    lock: locks.issPosition,
    run: aroundCall(fetchPosition, logPosition),
  },
  {
    name: 'elements',
    cron: everySecondHour,
    lock: locks.elements,
    run: aroundCall(fetchElements, storeElements),
  },
  { name: 'apod', cron: everySixthHour, lock: locks.apod, run: aroundCall(fetchPictures, storePictures) },
  { name: 'osdr-sync', cron: everySixthHour, lock: locks.osdrSync, run: underLease(syncDatasets, patient) },
  { name: 'neo', cron: everySecondHour, lock: locks.neo, run: underLease(syncApproaches, patient) },
  { name: 'donki', cron: everyHour, lock: locks.donki, run: underLease(syncWeather, patient) },
  {
    name: 'refresh-iss-views',
    cron: everyHour,
    lock: locks.refreshIssViews,
    run: asStatement(() => refreshViews('iss')),
  },
  {
    name: 'refresh-osdr-views',
    cron: everyHour,
    lock: locks.refreshOsdrViews,
    run: asStatement(() => refreshViews('osdr')),
  },
  {
    name: 'refresh-recent-activity',
    cron: everyQuarter,
    lock: locks.refreshRecentActivity,
    run: asStatement(() => refreshViews('activity')),
  },
  { name: 'space-upkeep', cron: everyHour, lock: locks.spaceUpkeep, run: asStatement(removeOldAnswers) },
]
