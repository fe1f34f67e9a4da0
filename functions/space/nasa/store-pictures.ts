import { apod } from '../../../schema/space/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import type { JobResult } from '../../core/job.ts'
import { upserted, upsertOf } from '../../core/upsert.ts'
import { recordMisses } from '../upstreams/misses.ts'
import type { FetchedPictures } from './fetch-pictures.ts'

export async function storePictures(
  ctx: Ctx,
  tx: Tx,
  { session, due, pictures, missed }: FetchedPictures,
): Promise<JobResult> {
  const arrived = pictures.map(({ date }) => date)
  for (const statement of session.records()) await tx.query(statement)
  for (const statement of recordMisses('apod', { missed, arrived, now: ctx.now() })) await tx.query(statement)
  if (due === 0) return { rows: 0, outcome: 'skipped', reason: 'every picture is known' }
  const results = []
  for (const statement of upsertOf(apod, pictures, { key: ['date'], touch: 'fetchedAt' }))
    results.push(await tx.query(statement))
  const counts = upserted(results)
  const rows = counts.inserted + counts.updated
  const detail = { passedOver: missed.size, faults: session.faults(), quarantined: session.quarantined() }
  if (pictures.length === 0 && detail.faults.apod !== undefined)
    return { rows, outcome: 'failed', error: `no picture: ${detail.faults.apod}`, ...detail }
  return { rows, outcome: rows > 0 ? 'ok' : 'skipped', ...counts, ...detail }
}
