import { sql } from 'drizzle-orm'

/** A click as lists and reads show it, over `k` (clicks.clicks) and `c` (clicks.campaigns). */
export const showClick = sql`jsonb_build_object(
    'id', k.id, 'campaignId', k.campaign_id, 'campaign', c.slug, 'kind', k.kind, 'configVersion', k.config_version,
    'landingPageId', k.landing_page_id, 'offerId', k.campaign_offer_id, 'trafficSourceId', k.traffic_source_id,
    'visitorKey', k.ip_hash, 'ipPrefix', k.ip_prefix, 'userAgent', k.user_agent, 'referrer', k.referrer,
    'sub1', k.sub1, 'sub2', k.sub2, 'sub3', k.sub3, 'sub4', k.sub4, 'sub5', k.sub5, 'clickIdParam', k.click_id_param,
    'affiliateSub', k.affiliate_sub, 'affiliateSub2', k.affiliate_sub2, 'country', k.country, 'asn', k.asn,
    'device', k.device, 'os', k.os, 'browser', k.browser, 'isBot', k.is_bot, 'bot', k.bot, 'hosting', k.hosting,
    'isUnique', k.is_unique, 'isValid', k.is_valid, 'validity', k.validity, 'reasons', k.reasons
  ) || jsonb_build_object(
    'conversionType', k.conversion_type, 'convertedAt', core.iso(k.converted_at), 'erasedAt', core.iso(k.erased_at),
    'createdAt', core.iso(k.created_at), 'updatedAt', core.iso(k.updated_at)
  )`
