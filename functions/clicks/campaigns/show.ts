import { type SQL, sql } from 'drizzle-orm'

/** `from`: where the parts are read. A statement that has just written them reads its own CTEs. */
type Parts = { offers: SQL; landingPages: SQL }

const stored: Parts = { offers: sql`clicks.campaign_offers`, landingPages: sql`clicks.landing_pages` }

/** The campaign with its parts. */
export function showCampaign(row: string, { offers, landingPages }: Parts = stored): SQL {
  const c = sql.identifier(row)
  const parts = (from: SQL) => sql`coalesce((
      select jsonb_agg(${showPart('p')} order by p.id)
      from ${from} p
      where p.campaign_id = ${c}.id
    ), '[]')`
  return sql`${showListed(row)} || jsonb_build_object(
    'offers', ${parts(offers)}, 'landingPages', ${parts(landingPages)}
  )`
}

export function showListed(row: string): SQL {
  const c = sql.identifier(row)
  return sql`jsonb_build_object(
    'id', ${c}.id, 'owner', ${c}.owner, 'slug', ${c}.slug, 'name', ${c}.name, 'status', ${c}.status,
    'startsAt', core.iso(${c}.starts_at), 'endsAt', core.iso(${c}.ends_at), 'timezone', ${c}.timezone,
    'fallbackUrl', ${c}.fallback_url, 'currency', ${c}.currency, 'payoutMinor', ${c}.payout_minor,
    'cost', case
      when ${c}.cost_model = 'revshare' then jsonb_build_object('model', ${c}.cost_model, 'percent', ${c}.cost_percent)
      when ${c}.cost_model is not null then jsonb_build_object('model', ${c}.cost_model, 'amountMinor', ${c}.cost_minor)
    end,
    'capDay', ${c}.cap_day, 'capTotal', ${c}.cap_total, 'referrerPolicy', ${c}.referrer_policy,
    'passQuery', ${c}.pass_query, 'durable', ${c}.durable,
    'trafficSource', (select s.slug from clicks.traffic_sources s where s.id = ${c}.traffic_source_id)
  ) || jsonb_build_object(
    'version', ${c}.version, 'createdAt', core.iso(${c}.created_at), 'updatedAt', core.iso(${c}.updated_at)
  )`
}

export function showPart(row: string): SQL {
  const p = sql.identifier(row)
  return sql`jsonb_build_object(
    'id', ${p}.id, 'name', ${p}.name, 'url', ${p}.url, 'weight', ${p}.weight, 'targets', ${p}.targets,
    'status', ${p}.status
  )`
}
