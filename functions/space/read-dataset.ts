import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { Dataset } from './contract.ts'
import { datasetColumns } from './show.ts'

export async function readDataset(ctx: Ctx, accession: string): Promise<Dataset | null> {
  const [row] = await ctx.replica.query<{ dataset: Dataset }>(sql`
select ${datasetColumns} || jsonb_build_object('firstSeenAt', core.iso(d.first_seen_at), 'metadata', d.raw) as dataset
from space.osdr_items d
where d.dataset_id = ${accession}`)
  return row?.dataset ?? null
}
