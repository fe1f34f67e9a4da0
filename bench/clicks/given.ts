import type pg from 'pg'
import { v7 } from 'uuid'
import type { ClickItem } from '../../functions/clicks/clicks/item.ts'

/** A campaign with one offer. */
export async function givenCampaign(owner: pg.Pool, slug: string): Promise<number> {
  const { rows } = await owner.query<{ id: string }>(
    `insert into clicks.campaigns (owner, slug, name, currency) values ('admin', $1, $1, 'USD') returning id`,
    [slug],
  )
  const id = Number(rows[0]?.id)
  await owner.query(
    `insert into clicks.campaign_offers (campaign_id, name, url) values ($1, 'A', 'https://shop.example/?c={clickid}')`,
    [id],
  )
  await owner.query('update clicks.campaigns set version = version + 1 where id = $1', [id])
  await owner.query('select core.keep_partitions()')
  return id
}

const agent =
  'Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36'

/** Clicks of now, of visitors of whom some come twice. */
export function clicksOf(campaign: number, count: number): ClickItem[] {
  const run = crypto.randomUUID()
  return Array.from({ length: count }, (_, at) => ({
    kind: 'click',
    id: v7(),
    campaign,
    version: 2,
    page: null,
    offer: 1,
    source: null,
    key: `${run}-${at % Math.ceil(count * 0.9)}`,
    prefix: '203.0.113.0/24',
    agent,
    bot: null,
    referrer: 'https://news.example/today',
    country: 'DE',
    asn: 3320,
    device: 'mobile',
    os: 'Android',
    browser: 'Chrome',
    asked: null,
    currency: 'USD',
    costMilli: 0,
    sub1: 'banner',
  }))
}
