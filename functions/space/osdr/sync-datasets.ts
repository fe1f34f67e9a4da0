import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { guard } from '../../core/guard.ts'
import type { JobResult } from '../../core/job.ts'
import { type Lease, whileRenewing } from '../../core/lease.ts'
import { named } from '../../core/named.ts'
import type { Upserted } from '../../core/upsert.ts'
import { locks } from '../../registry/locks.ts'
import { sha256 } from '../upstreams/digest.ts'
import { serviceOf } from '../upstreams/services.ts'
import { openSession, type UpstreamSession } from '../upstreams/session.ts'
import { syncOutcome } from '../upstreams/sync-outcome.ts'
import { type Dataset, parseDataset, parseDatasetList, parseOverview } from './parse-datasets.ts'
import { storeDatasets } from './store-datasets.ts'

/** A cron run may last fifteen minutes. Each chunk is stored on arrival, and the next run fetches the rest. */
const budgetMs = 720_000
const datasetsPerWrite = 50
/** Each dataset is fetched again in every 32nd slot of six hours, because the overview lacks most fields. A power of two. */
const turns = 32
const slotMs = 21_600_000

const api = '/biodata/api/v2'
const overviewTitles = ['study title', 'study description', 'study public release date', 'organism']
const overviewFields = overviewTitles
  .map((field) => encodeURIComponent(`investigation.study.${field}`))
  .join('&')

/**
 * Copies the catalogue of OSDR. Two calls show which datasets are new or changed, and the run fetches only those, at most
 * one a second. A dataset that does not arrive is passed over and tried again later, behind all others. A dataset that left the list is kept, because the upstream may have lost it by mistake.
 */
export async function syncDatasets(ctx: Ctx, lease: Lease): Promise<JobResult> {
  const session = await openSession(ctx, ['osdr'], { budgetMs })
  const result = await whileRenewing(ctx, lease, async () => {
    const list = await session.call('osdr', `${api}/datasets/?format=json`, parseDatasetList)
    if (!list.ok) return await ended(ctx, { session, lease, error: `no list: ${list.reason}` })
    const listing = await fetchListing(session)
    const due = await dueOf(ctx, list.value, listing)
    const { counts, done, passedOver, error } = await fetchAll(ctx, { session, lease, due, listing })
    const remaining = due.length - done
    const overview = listing.size > 0
    const detail = { listed: list.value.length, overview, fetched: done - passedOver, passedOver, remaining }
    return ended(ctx, { session, lease, counts, error, detail })
  })
  if (result.rows > 0)
    await guard(ctx, locks.refreshOsdrViews, [
      named('space.sync-datasets')`select view from space.refresh_osdr_materialized_views()`,
    ])
  return result
}

const none: Upserted = { inserted: 0, updated: 0, unchanged: 0 }

type Ended = {
  session: UpstreamSession
  lease: Lease
  counts?: Upserted
  error?: string | null
  detail?: Record<string, unknown>
}

async function ended(
  ctx: Ctx,
  { session, lease, counts = none, error = null, detail = {} }: Ended,
): Promise<JobResult> {
  // An empty last chunk stores the records that the session has not handed out yet.
  await storeDatasets(ctx, { session, lease, datasets: [], missed: new Map(), listing: new Map() })
  return syncOutcome(counts, error, {
    ...detail,
    faults: session.faults(),
    quarantined: session.quarantined(),
  })
}

/** Accession → hash of its overview row. Without an overview it is empty, and only unknown datasets count as new. */
async function fetchListing(session: UpstreamSession): Promise<Map<string, string>> {
  const overview = await session.call(
    'osdr',
    `${api}/query/datasets/?id.accession&${overviewFields}&format=json.records`,
    parseOverview,
  )
  if (!overview.ok) return new Map()
  return new Map(
    await Promise.all([...overview.value].map(async ([id, row]) => [id, await sha256(row)] as const)),
  )
}

/** Unknown datasets first, then changed ones and those whose slot it is. Those that were passed over come last. */
async function dueOf(ctx: Ctx, listed: string[], listing: Map<string, string>): Promise<string[]> {
  const turn = Math.floor(ctx.now().getTime() / slotMs) % turns
  const rows = await ctx.db.query<{ id: string }>(named('space.due-datasets')`
select listed.id
from unnest(
  ${sql.param(listed)}::text[],
  ${sql.param(listed.map((id) => listing.get(id) ?? null))}::text[]
) with ordinality listed (id, hash, place)
left join space.osdr_items kept on kept.dataset_id = listed.id
left join space.upstream_misses missed on missed.upstream = 'osdr' and missed.object = listed.id
where (
    kept.dataset_id is null
    or (listed.hash is not null and listed.hash is distinct from kept.listing_hash)
    or hashtextextended(listed.id, 0) & ${turns - 1} = ${turn}
  )
  and (missed.object is null or missed.retry_at <= ${ctx.now().toISOString()}::timestamptz)
order by coalesce(missed.failures, 0), kept.dataset_id is not null, listed.place
limit ${listed.length}`)
  return rows.map(({ id }) => id)
}

type Work = { session: UpstreamSession; lease: Lease; due: string[]; listing: Map<string, string> }
type Done = { counts: Upserted; done: number; passedOver: number; error: string | null }

async function fetchAll(ctx: Ctx, { session, lease, due, listing }: Work): Promise<Done> {
  const deadline = ctx.now().getTime() + budgetMs
  const counts = { ...none }
  let [done, passedOver, error]: [number, number, string | null] = [0, 0, null]
  while (done < due.length && error === null && ctx.now().getTime() < deadline) {
    const datasets: Dataset[] = []
    const missed = new Map<string, string>()
    for (const datasetId of due.slice(done, done + datasetsPerWrite)) {
      await pause(ctx)
      const reply = await session.callForPart('osdr', `${api}/dataset/${datasetId}/?format=json`, (body) =>
        parseDataset(body, datasetId),
      )
      // Only when no further call is possible does the run end: an open circuit, no quota, no time.
      if (!reply.ok && !reply.called) {
        error = reply.reason
        break
      }
      if (reply.ok) datasets.push(reply.value)
      else missed.set(datasetId, reply.reason)
      done += 1
    }
    const stored = await storeDatasets(ctx, { session, lease, datasets, missed, listing })
    passedOver += missed.size
    counts.inserted += stored.inserted
    counts.updated += stored.updated
    counts.unchanged += stored.unchanged
  }
  return { counts, done, passedOver, error }
}

function pause(ctx: Ctx): Promise<void> {
  const { pauseMs = 0 } = serviceOf('osdr', ctx.env)
  return pauseMs === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, pauseMs))
}
