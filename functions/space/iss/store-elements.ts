import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import type { JobResult } from '../../core/job.ts'
import { named } from '../../core/named.ts'
import { issNoradId } from '../rules.ts'
import type { FetchedElements } from './fetch-elements.ts'
import { epochOf } from './orbit.ts'

/** Stores each epoch once. Readers choose elements by their epoch, so the order of arrival does not matter. */
export async function storeElements(
  _ctx: Ctx,
  tx: Tx,
  { session, news }: FetchedElements,
): Promise<JobResult> {
  for (const statement of session.records()) await tx.query(statement)
  const detail = { faults: session.faults(), quarantined: session.quarantined() }
  if (news === null)
    return { rows: 0, outcome: 'failed', error: `no upstream has elements: ${JSON.stringify(detail.faults)}` }
  if (news === 'not modified') return { rows: 0, outcome: 'skipped', reason: 'not modified', ...detail }
  const { elements, source } = news
  const { length: rows } = await tx.query(named('space.store-elements')`
insert into space.elements (norad_id, epoch, omm, source)
values (${issNoradId}, ${epochOf(elements).toISOString()}::timestamptz, ${JSON.stringify(elements)}::jsonb, ${source})
on conflict (norad_id, epoch) do nothing
returning epoch`)
  return { rows, outcome: rows > 0 ? 'ok' : 'skipped', source, epoch: elements.EPOCH, ...detail }
}
