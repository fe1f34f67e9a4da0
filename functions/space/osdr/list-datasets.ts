import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readCopy } from '../upstreams/read-copy.ts'
import type { Viewed } from '../views/read.ts'
import type { datasetOrders, ListedDataset } from './contract.ts'
import { datasetColumns } from './show.ts'

export type DatasetOrder = (typeof datasetOrders)[number]

type Filter = {
  q: string | null
  organism: string | null
  project: string | null
  sort: DatasetOrder
  after: [key: string, accession: string] | null
  limit: number
}

type Keyed = { dataset: ListedDataset; key: string }

/** Datasets that contain every word of `q`. Each order is a key and the accession, so pages neither skip nor repeat a row. */
export async function listDatasets(
  ctx: Ctx,
  { q, organism, project, sort, after, limit }: Filter,
): Promise<Viewed<Keyed> | null> {
  const { key, type, descending } = orders[sort]
  const conditions = [
    // One condition for each word, because `like all (array)` cannot use the index.
    ...(q ?? '')
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => sql`d.search_text like ${containing(word)}`),
    organism === null ? null : sql`d.organism ilike ${containing(organism)}`,
    project === null
      ? null
      : sql`(d.project ilike ${containing(project)} or d.project_type ilike ${containing(project)})`,
    after === null
      ? null
      : sql`(${key}, d.dataset_id) ${descending ? sql`<` : sql`>`} (${after[0]}::${type}, ${after[1]})`,
  ].filter((condition) => condition !== null)
  const direction = descending ? sql`desc` : sql`asc`
  const rows = sql`
select jsonb_build_object('dataset', ${datasetColumns}, 'key', (${key})::text)
from space.osdr_items d
where ${sql.join([sql`true`, ...conditions], sql` and `)}
order by ${key} ${direction}, d.dataset_id ${direction}
limit ${limit}`
  return readCopy(ctx, 'datasets', rows)
}

const orders: Record<DatasetOrder, { key: SQL; type: SQL; descending: boolean }> = {
  '-releaseDate': { key: sql`coalesce(d.release_date, '-infinity')`, type: sql`date`, descending: true },
  releaseDate: { key: sql`coalesce(d.release_date, '-infinity')`, type: sql`date`, descending: false },
  // OSD-9 comes before OSD-10.
  accession: { key: sql`substring(d.dataset_id from '[0-9]+')::int`, type: sql`int`, descending: false },
  title: { key: sql`left(lower(d.title), 200)`, type: sql`text`, descending: false },
  '-updatedAt': { key: sql`d.updated_at`, type: sql`timestamptz`, descending: true },
}

function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, (char) => `\\${char}`)}%`
}
