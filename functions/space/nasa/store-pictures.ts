import { apod } from '../../../schema/space/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import type { JobResult } from '../../core/job.ts'
import { upserted, upsertOf } from '../../core/upsert.ts'
import type { FetchedPictures } from './fetch-pictures.ts'

export async function storePictures(
  _ctx: Ctx,
  tx: Tx,
  { session, pictures }: FetchedPictures,
): Promise<JobResult> {
  for (const statement of session.records()) await tx.query(statement)
  if (pictures === 'known') return { rows: 0, outcome: 'skipped', reason: "the day's picture is known" }
  const detail = { faults: session.faults(), quarantined: session.quarantined() }
  if (pictures === null)
    return { rows: 0, outcome: 'failed', error: `no picture: ${JSON.stringify(detail.faults)}` }
  const results = []
  for (const statement of upsertOf(apod, pictures, { key: ['date'], touch: 'fetchedAt' }))
    results.push(await tx.query(statement))
  const counts = upserted(results)
  const rows = counts.inserted + counts.updated
  return { rows, outcome: rows > 0 ? 'ok' : 'skipped', ...counts, ...detail }
}
