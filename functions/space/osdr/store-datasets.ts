import { osdrItems } from '../../../schema/space/tables.ts'
import type { Ctx } from '../../core/context.ts'
import { holding, type Lease } from '../../core/lease.ts'
import { type Upserted, upsertMany } from '../../core/upsert.ts'
import { sha256 } from '../upstreams/digest.ts'
import { recordMisses } from '../upstreams/misses.ts'
import type { UpstreamSession } from '../upstreams/session.ts'
import { canonical, type Dataset } from './parse-datasets.ts'

type Chunk = {
  session: UpstreamSession
  lease: Lease
  datasets: readonly Dataset[]
  /** Accession → why the dataset was passed over. */
  missed: ReadonlyMap<string, string>
  /** Accession → hash of its row in the overview; empty if there was no overview. */
  listing: ReadonlyMap<string, string>
}

/** Writes the rows of a chunk that differ, in one transaction. Triggers of the table record the changes. */
export async function storeDatasets(
  ctx: Ctx,
  { session, lease, datasets, missed, listing }: Chunk,
): Promise<Upserted> {
  const known = listing.size > 0
  const rows = await Promise.all(
    datasets.map(async (dataset) => ({
      ...dataset,
      contentHash: await sha256(canonical(dataset.raw)),
      // Without an overview the stored hash stays.
      ...(known && { listingHash: listing.get(dataset.datasetId) ?? null }),
    })),
  )
  const arrived = datasets.map(({ datasetId }) => datasetId)
  return upsertMany(ctx, osdrItems, rows, {
    key: ['datasetId'],
    compare: known ? ['contentHash', 'listingHash'] : ['contentHash'],
    touch: 'updatedAt',
    before: [
      holding(lease),
      ...session.records(),
      ...recordMisses('osdr', { missed, arrived, now: ctx.now() }),
    ],
  })
}
