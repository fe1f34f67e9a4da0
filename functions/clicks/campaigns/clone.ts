import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { cachedCampaigns } from './cached-config.ts'
import type { Campaign, Clone } from './contract.ts'
import { showCampaign } from './show.ts'
import { visibleTo } from './visible.ts'

type Cloned = { ok: true; campaign: Campaign } | Refused

/** Copies a campaign with its active parts, for the same owner. The clone is paused, and it has no clicks. */
export async function cloneCampaign(ctx: Ctx, { id, slug, name }: Clone & { id: number }): Promise<Cloned> {
  const cloned = await effect<Cloned>(ctx, cloneStatement(visibleTo(ctx, 'c'), { id, slug, name }))
  if (cloned.ok) cachedCampaigns.changed(ctx, cloned.campaign.slug.toLowerCase())
  return cloned
}

function cloneStatement(
  visible: SQL,
  { id, slug, name = null }: { id: number; slug: string; name?: string | null | undefined },
): Statement {
  return named('clicks.clone-campaign')`
with found as (
  select c.*
  from clicks.campaigns c
  where c.id = ${id}
    and ${visible}
),
created as (
  insert into clicks.campaigns (
    owner, slug, name, status, starts_at, ends_at, timezone, fallback_url, currency, payout_minor, cost_model, cost_minor,
    cost_percent, cap_day, cap_total, referrer_policy, pass_query, durable, traffic_source_id
  )
  select owner, ${slug}, coalesce(${name}::text, name), 'paused', starts_at, ends_at, timezone, fallback_url, currency,
    payout_minor, cost_model, cost_minor, cost_percent, cap_day, cap_total, referrer_policy, pass_query, durable,
    traffic_source_id
  from found
  on conflict (lower(slug)) do nothing
  returning *
),
offers as (${copyParts('clicks.campaign_offers', id)}
),
pages as (${copyParts('clicks.landing_pages', id)}
)
select ${answer(sql`coalesce(
  (
    select jsonb_build_object('ok', true, 'campaign', ${showCampaign('c', { offers: sql`offers`, landingPages: sql`pages` })})
    from created c
  ),
  (select jsonb_build_object('ok', false, 'reason', 'slug_taken', 'slug', ${slug}::text) from found),
  jsonb_build_object('ok', false, 'reason', 'not_found')
)`)}`
}

function copyParts(table: string, of: number): SQL {
  return sql`
  insert into ${sql.raw(table)} (campaign_id, name, url, weight, targets)
  select c.id, p.name, p.url, p.weight, p.targets
  from created c
  join ${sql.raw(table)} p on p.campaign_id = ${of} and p.status = 'active'
  order by p.id
  returning *`
}
