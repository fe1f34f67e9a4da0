import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readCopy } from '../upstreams/read-copy.ts'
import type { Viewed } from '../views/read.ts'
import type { Dataset } from './contract.ts'
import { datasetColumns } from './show.ts'

/** Holds one row, or none if the dataset is not stored. */
export async function readDataset(ctx: Ctx, accession: string): Promise<Viewed<Dataset> | null> {
  const rows = sql`
select ${datasetColumns} || jsonb_build_object('firstSeenAt', core.iso(d.first_seen_at), 'metadata', d.raw)
from space.osdr_items d
where d.dataset_id = ${accession}`
  return readCopy(ctx, 'datasets', rows)
}
