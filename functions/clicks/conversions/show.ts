import { type SQL, sql } from 'drizzle-orm'

export function showConversion(row: string): SQL {
  const v = sql.identifier(row)
  return sql`jsonb_build_object(
    'id', ${v}.id, 'clickId', ${v}.click_id, 'campaignId', ${v}.campaign_id, 'landingPageId', ${v}.landing_page_id,
    'offerId', ${v}.campaign_offer_id, 'sourceId', ${v}.traffic_source_id, 'type', ${v}.type,
    'txid', nullif(${v}.txid, ''), 'status', ${v}.status, 'payoutMinor', ${v}.payout_minor, 'currency', ${v}.currency,
    'secondsToConvert', ${v}.seconds_to_convert, 'createdAt', core.iso(${v}.created_at),
    'updatedAt', core.iso(${v}.updated_at)
  )`
}
