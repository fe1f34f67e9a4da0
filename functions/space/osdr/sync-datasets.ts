import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { guard } from '../../core/guard.ts'
import type { JobResult } from '../../core/job.ts'
import { type Lease, whileRenewing } from '../../core/lease.ts'
import type { Upserted } from '../../core/upsert.ts'
import { locks } from '../../registry/locks.ts'
import { sha256 } from '../upstreams/digest.ts'
import { serviceOf } from '../upstreams/services.ts'
import { type Conversation, converse } from '../upstreams/session.ts'
import { outcomeOf } from '../upstreams/sync-outcome.ts'
import { type Dataset, parseDataset, parseDatasetList, parseOverview } from './parse.ts'
import { storeDatasets } from './store-datasets.ts'

/** A cron run may last fifteen minutes. What does not fit is fetched by the next: every chunk is kept as it comes. */
const budgetMs = 720_000
const datasetsPerWrite = 50
/** Each dataset is fetched again in every 32nd slot of six hours, for what the overview does not tell. */
const turns = 32
const slotMs = 21_600_000

const api = '/biodata/api/v2'
const told = ['study title', 'study description', 'study public release date', 'organism']
const overviewFields = told.map((field) => encodeURIComponent(`investigation.study.${field}`)).join('&')

/**
 * The catalogue of OSDR: two calls tell which datasets are new or changed, and only those are fetched, at most one a
 * second. A dataset that left the list is kept: an upstream that forgets is no reason to.
 */
export async function syncDatasets(ctx: Ctx, lease: Lease): Promise<JobResult> {
  const talk = await converse(ctx, ['osdr'], { budgetMs })
  const result = await whileRenewing(ctx, lease, async () => {
    const list = await talk.ask('osdr', `${api}/datasets/?format=json`, parseDatasetList)
    if (!list.ok) return await ended(ctx, { talk, lease, error: `no list: ${list.reason}` })
    const listing = await askListing(talk)
    const due = await dueOf(ctx, list.value, listing)
    const { counts, done, error } = await fetchAll(ctx, { talk, lease, due, listing })
    const remaining = due.length - done
    const detail = { listed: list.value.length, overview: listing.size > 0, fetched: done, remaining }
    return ended(ctx, { talk, lease, counts, error, detail })
  })
  if (result.rows > 0)
    await guard(ctx, locks.refreshOsdrViews, [sql`select view from space.refresh_osdr_materialized_views()`])
  return result
}

const none: Upserted = { inserted: 0, updated: 0, unchanged: 0 }

type Ended = {
  talk: Conversation
  lease: Lease
  counts?: Upserted
  error?: string | null
  detail?: Record<string, unknown>
}

async function ended(
  ctx: Ctx,
  { talk, lease, counts = none, error = null, detail = {} }: Ended,
): Promise<JobResult> {
  // The last chunk, empty: it keeps what the talk has not kept yet.
  await storeDatasets(ctx, { talk, lease, datasets: [], listing: new Map() })
  return outcomeOf(counts, error, { ...detail, faults: talk.faults(), quarantined: talk.quarantined() })
}

/** Accession → hash of its overview row. Empty when there is none to be had: then only unknown datasets are new. */
async function askListing(talk: Conversation): Promise<Map<string, string>> {
  const overview = await talk.ask(
    'osdr',
    `${api}/query/datasets/?id.accession&${overviewFields}&format=json.records`,
    parseOverview,
  )
  if (!overview.ok) return new Map()
  return new Map(
    await Promise.all([...overview.value].map(async ([id, row]) => [id, await sha256(row)] as const)),
  )
}

/** Unknown ones first, then changed ones and those whose turn it is. */
async function dueOf(ctx: Ctx, listed: string[], listing: Map<string, string>): Promise<string[]> {
  const turn = Math.floor(ctx.now().getTime() / slotMs) % turns
  const rows = await ctx.db.query<{ id: string }>(sql`
select listed.id
from unnest(
  ${sql.param(listed)}::text[],
  ${sql.param(listed.map((id) => listing.get(id) ?? null))}::text[]
) with ordinality listed (id, hash, place)
left join space.osdr_items kept on kept.dataset_id = listed.id
where kept.dataset_id is null
  or (listed.hash is not null and listed.hash is distinct from kept.listing_hash)
  or hashtextextended(listed.id, 0) % ${turns} = ${turn}
order by kept.dataset_id is not null, listed.place
limit ${listed.length}`)
  return rows.map(({ id }) => id)
}

type Work = { talk: Conversation; lease: Lease; due: string[]; listing: Map<string, string> }
type Done = { counts: Upserted; done: number; error: string | null }

async function fetchAll(ctx: Ctx, { talk, lease, due, listing }: Work): Promise<Done> {
  const deadline = ctx.now().getTime() + budgetMs
  const counts = { ...none }
  let [done, error]: [number, string | null] = [0, null]
  while (done < due.length && error === null && ctx.now().getTime() < deadline) {
    const datasets: Dataset[] = []
    for (const datasetId of due.slice(done, done + datasetsPerWrite)) {
      await politely(ctx)
      const answer = await talk.ask('osdr', `${api}/dataset/${datasetId}/?format=json`, (body) =>
        parseDataset(body, datasetId),
      )
      // A dataset that cannot be read is its own misfortune; a server that does not answer ends the run.
      if (!answer.ok && !answer.quarantined) {
        error = answer.reason
        break
      }
      if (answer.ok) datasets.push(answer.value)
      done += 1
    }
    const stored = await storeDatasets(ctx, { talk, lease, datasets, listing })
    counts.inserted += stored.inserted
    counts.updated += stored.updated
    counts.unchanged += stored.unchanged
  }
  return { counts, done, error }
}

function politely(ctx: Ctx): Promise<void> {
  const { pauseMs = 0 } = serviceOf('osdr', ctx.env)
  return pauseMs === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, pauseMs))
}
