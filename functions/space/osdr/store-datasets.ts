import { osdrItems } from '../../../schema/space/tables.ts'
import type { Ctx } from '../../core/context.ts'
import { holding, type Lease } from '../../core/lease.ts'
import { type Upserted, upsertMany } from '../../core/upsert.ts'
import { sha256 } from '../upstreams/digest.ts'
import type { Conversation } from '../upstreams/session.ts'
import { canonical, type Dataset } from './parse.ts'

type Chunk = {
  talk: Conversation
  lease: Lease
  datasets: readonly Dataset[]
  /** Accession → hash of its row in the overview; empty when there was no overview. */
  listing: ReadonlyMap<string, string>
}

/** One chunk of the catalogue in one transaction: what differs is written, its changes recorded by the table's triggers. */
export async function storeDatasets(ctx: Ctx, { talk, lease, datasets, listing }: Chunk): Promise<Upserted> {
  const known = listing.size > 0
  const rows = await Promise.all(
    datasets.map(async (dataset) => ({
      ...dataset,
      contentHash: await sha256(canonical(dataset.raw)),
      // Without an overview the hash from the last one stands.
      ...(known && { listingHash: listing.get(dataset.datasetId) ?? null }),
    })),
  )
  return upsertMany(ctx, osdrItems, rows, {
    key: ['datasetId'],
    compare: known ? ['contentHash', 'listingHash'] : ['contentHash'],
    touch: 'updatedAt',
    before: [holding(lease), ...talk.records()],
  })
}
