import type pg from 'pg'
import type { Targets } from '../../../functions/clicks/contract.ts'

type Client = pg.ClientBase | pg.Pool

type Part = { name?: string; url?: string; weight?: number; targets?: Targets }

export type Given = {
  slug?: string
  owner?: string
  status?: 'active' | 'paused' | 'archived'
  startsAt?: string | null
  endsAt?: string | null
  timezone?: string
  fallbackUrl?: string | null
  currency?: string
  payoutMinor?: number
  cpcMinor?: number
  /** Another price than that of a click. */
  cost?: { model: 'cpa'; minor: number } | { model: 'revshare'; percent: number }
  capDay?: number
  capTotal?: number
  passQuery?: boolean
  durable?: boolean
  source?: { slug: string; paramMap?: Record<string, string> }
  offers?: Part[]
  landingPages?: Part[]
}

export type Campaign = { id: number; slug: string; offers: number[]; landingPages: number[] }

let made = 0

/** A campaign with its parts, written as its owner would leave it. */
export async function givenCampaign(client: Client, given: Given = {}): Promise<Campaign> {
  made += 1
  const {
    slug = `campaign-${made}`,
    owner = 'admin',
    status = 'active',
    offers = [{}],
    landingPages = [],
  } = given
  const source = given.source && (await givenSource(client, { owner, ...given.source }))
  const { rows } = await client.query(
    `insert into clicks.campaigns (
      slug, owner, name, status, starts_at, ends_at, timezone, fallback_url, currency, payout_minor, cost_model, cost_minor,
      cost_percent, cap_day, cap_total, pass_query, durable, traffic_source_id
    )
    values ($1, $2, $1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
    returning id`,
    [
      slug,
      owner,
      status,
      given.startsAt ?? null,
      given.endsAt ?? null,
      given.timezone ?? 'UTC',
      given.fallbackUrl ?? null,
      given.currency ?? 'USD',
      given.payoutMinor ?? 150,
      given.cost?.model ?? (given.cpcMinor === undefined ? null : 'cpc'),
      given.cost !== undefined && 'minor' in given.cost ? given.cost.minor : (given.cpcMinor ?? null),
      given.cost !== undefined && 'percent' in given.cost ? given.cost.percent : null,
      given.capDay ?? null,
      given.capTotal ?? null,
      given.passQuery ?? false,
      given.durable ?? false,
      source ?? null,
    ],
  )
  const id = Number(rows[0].id)
  const parts = { landingPages: [] as number[], offers: [] as number[] }
  for (const [table, list, ids] of [
    ['landing_pages', landingPages, parts.landingPages],
    ['campaign_offers', offers, parts.offers],
  ] as const)
    for (const [
      at,
      { name = 'ABCDEFGH'[at], url = `https://shop.example/${at}?cid={clickid}`, weight = 1, targets = {} },
    ] of list.entries()) {
      const added = await client.query(
        `insert into clicks.${table} (campaign_id, name, url, weight, targets) values ($1, $2, $3, $4, $5) returning id`,
        [id, name, url, weight, targets],
      )
      ids.push(Number(added.rows[0].id))
    }
  // The version that has the parts.
  await client.query('update clicks.campaigns set version = version + 1 where id = $1', [id])
  return { id, slug, ...parts }
}

type Source = { owner: string; slug: string; paramMap?: Record<string, string> }

async function givenSource(client: Client, { owner, slug, paramMap = {} }: Source): Promise<number> {
  const { rows } = await client.query(
    `insert into clicks.traffic_sources (owner, slug, name, secret, param_map)
    values ($1, $2, $2, 'not a real one', $3)
    on conflict (lower(slug)) do update set name = excluded.name
    returning id`,
    [owner, slug, paramMap],
  )
  return Number(rows[0].id)
}
