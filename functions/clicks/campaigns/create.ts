import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { cachedCampaigns } from './cached-config.ts'
import type { Campaign, Cost, NewCampaign } from './contract.ts'
import { ownerOf } from './owner.ts'
import { showCampaign } from './show.ts'

export type Created = { ok: true; campaign: Campaign } | Refused

/** Creates campaigns with their parts and answers for each, in their order. Their destinations have been checked. */
export async function createCampaigns(ctx: Ctx, campaigns: readonly NewCampaign[]): Promise<Created[]> {
  const { items } = await effect<{ items: Created[] }>(ctx, createStatement(ownerOf(ctx), campaigns))
  // The isolate may remember that there was no such campaign.
  for (const { slug } of campaigns) cachedCampaigns.changed(ctx, slug.toLowerCase())
  return items
}

/**
 * Race: two requests take one slug. The unique index lets one insert wait for the other; the loser inserts nothing and
 * gets slug_taken. The same holds for two items of a batch.
 */
function createStatement(owner: string, campaigns: readonly NewCampaign[]): Statement {
  return named('clicks.create-campaigns')`
with input as materialized (
  select a.*, s.id as source_id, a."trafficSource" is null or s.id is not null as has_source,
    row_number() over (partition by lower(a.slug) order by a.at) as nth
  from jsonb_to_recordset(${JSON.stringify(campaigns.map(asRow))}::jsonb) as a (
    at int, slug text, name text, "startsAt" timestamptz, "endsAt" timestamptz, timezone text, "fallbackUrl" text,
    currency text, "payoutMinor" bigint, "costModel" text, "costMinor" bigint, "costPercent" numeric, "capDay" int,
    "capTotal" int, "referrerPolicy" text, "passQuery" boolean, durable boolean, "trafficSource" text, offers jsonb,
    "landingPages" jsonb
  )
  left join clicks.traffic_sources s
    on lower(s.slug) = lower(a."trafficSource") and s.owner = ${owner} and s.status = 'active'
),
created as (
  insert into clicks.campaigns (
    owner, slug, name, starts_at, ends_at, timezone, fallback_url, currency, payout_minor, cost_model, cost_minor,
    cost_percent, cap_day, cap_total, referrer_policy, pass_query, durable, traffic_source_id
  )
  select ${owner}, slug, name, "startsAt", "endsAt", timezone, "fallbackUrl", currency, "payoutMinor", "costModel",
    "costMinor", "costPercent", "capDay", "capTotal", "referrerPolicy", "passQuery", durable, source_id
  from input
  where has_source
    and nth = 1
  order by lower(slug)
  on conflict (lower(slug)) do nothing
  returning *
),
offers as (${addParts('clicks.campaign_offers', sql`i.offers`)}
),
pages as (${addParts('clicks.landing_pages', sql`i."landingPages"`)}
)
select ${answer(sql`jsonb_build_object('items', jsonb_agg(case
  when c.id is not null
    then jsonb_build_object('ok', true, 'campaign', ${showCampaign('c', { offers: sql`offers`, landingPages: sql`pages` })})
  when not i.has_source
    then jsonb_build_object('ok', false, 'reason', 'not_found', 'detail', 'There is no such traffic source')
  else jsonb_build_object('ok', false, 'reason', 'slug_taken', 'slug', i.slug)
end order by i.at))`)}
from input i
left join created c on lower(c.slug) = lower(i.slug) and i.nth = 1`
}

function addParts(table: string, parts: SQL): SQL {
  return sql`
  insert into ${sql.raw(table)} (campaign_id, name, url, weight, targets)
  select c.id, p.value ->> 'name', p.value ->> 'url', (p.value ->> 'weight')::int, p.value -> 'targets'
  from created c
  join input i on lower(i.slug) = lower(c.slug) and i.nth = 1
  cross join lateral jsonb_array_elements(${parts}) with ordinality p (value, at)
  order by c.id, p.at
  returning *`
}

function asRow({ cost, ...campaign }: NewCampaign, at: number): object {
  return { at, ...campaign, ...costColumns(cost) }
}

function costColumns(cost: Cost | null) {
  const isShare = cost?.model === 'revshare'
  return {
    costModel: cost?.model ?? null,
    costMinor: cost === null || isShare ? null : 'amountMinor' in cost ? cost.amountMinor : null,
    costPercent: isShare ? cost.percent : null,
  }
}
