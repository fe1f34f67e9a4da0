import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { readCopy } from '../upstreams/read-copy.ts'
import type { Viewed } from '../views/read.ts'
import type { Dataset } from './contract.ts'
import { datasetColumns } from './show.ts'

const missed = 'OSDR lists this dataset, but it could not be fetched yet'

/** Holds one row, or none if OSDR does not list the dataset. Refused if it is listed but did not arrive yet. */
export async function readDataset(ctx: Ctx, accession: string): Promise<Viewed<Dataset> | Refused | null> {
  const rows = sql`
select ${datasetColumns} || jsonb_build_object('firstSeenAt', core.iso(d.first_seen_at), 'metadata', d.raw)
from space.osdr_items d
where d.dataset_id = ${accession}
union all
select jsonb_build_object('missed', true)
from space.upstream_misses
where upstream = 'osdr'
  and object = ${accession}
  and not exists (select from space.osdr_items where dataset_id = ${accession})`
  const read = await readCopy<Dataset | { missed: true }>(ctx, 'datasets', rows)
  if (read === null) return null
  const data = read.data.filter((row): row is Dataset => !('missed' in row))
  if (data.length < read.data.length)
    return { ok: false, reason: 'no_data_yet', detail: missed, retryAfter: 3_600 }
  return { ...read, data }
}
