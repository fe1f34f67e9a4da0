import { type SQL, sql } from 'drizzle-orm'
import { beforeAll, expect, it } from 'vitest'
import { listCampaignsStatement } from '../../../functions/clicks/campaigns/list.ts'
import { listClicksStatement } from '../../../functions/clicks/clicks/list.ts'
import { listConversionsStatement } from '../../../functions/clicks/conversions/list.ts'
import { listOrphansStatement } from '../../../functions/clicks/conversions/list-orphans.ts'
import { receiveStatement } from '../../../functions/clicks/conversions/receive.ts'
import { listSourcesStatement } from '../../../functions/clicks/sources/list.ts'
import { statsStatement } from '../../../functions/clicks/stats/read.ts'
import { freshDatabase } from '../../support/database.ts'
import { explain } from '../../support/explain.ts'
import { inSteps } from '../../support/fill.ts'

const database = await freshDatabase()
const client = await database.connect()

const campaigns = 2_000
const clicks = 40_000
/** The last click: `n` names its campaign. */
const clickOf = async (n: number): Promise<string> =>
  (await client.query('select id from filled where n = $1', [n])).rows[0].id

beforeAll(async () => {
  await client.query(`
    insert into clicks.traffic_sources (owner, slug, name, secret)
    select case when n % 50 = 0 then 'partner:acme' else 'admin' end, 's' || n, 'S', 'none' from generate_series(1, 2000) n;
    insert into clicks.campaigns (owner, slug, name, currency)
    select case when n % 50 = 0 then 'partner:acme' else 'admin' end, 'c' || n, 'C', 'USD'
    from generate_series(1, ${campaigns}) n;
    create temporary table filled (n int primary key, id uuid);
    select core.keep_partitions()`)
  await inSteps(clicks, (from, to) =>
    client.query(`
    with made as (
      insert into filled (n, id) select n, uuidv7(interval '1 second' * n) from generate_series(${from}, ${to}) n returning *
    )
    insert into clicks.clicks (id, campaign_id, config_version, is_bot, is_valid, validity, facts)
    select id, 1 + n % ${campaigns}, 1, false, true, 'valid', '{}' from made`),
  )
  await inSteps(clicks, (from, to) =>
    client.query(`
    insert into clicks.conversions (click_id, campaign_id, type, status, payout_minor, currency)
    select id, 1 + n % ${campaigns}, 'sale', 'approved', 100, 'USD' from filled where n between ${from} and ${to};
    insert into clicks.orphan_postbacks (owner, traffic_source_id, click_id, type, status, state, decided_at)
    select case when n % 50 = 0 then 'partner:acme' else 'admin' end, 1, gen_random_uuid(), 'sale', 'approved',
      case when n % 20 = 0 then 'open' else 'matched' end, case when n % 20 = 0 then null else now() end
    from generate_series(${from}, ${to}) n;
    insert into clicks.campaign_stats (campaign_id, quarter, currency, clicks)
    select 1 + n % ${campaigns}, date_bin('15 minutes', now() - n / ${campaigns} * interval '15 minutes', timestamptz '2000-01-01'),
      'USD', 1
    from generate_series(${from}, ${to}) n on conflict do nothing;
    insert into clicks.campaign_dimensions (campaign_id, quarter, dimension, value, currency, clicks)
    select 1 + n % ${campaigns}, date_bin('15 minutes', now() - n / ${campaigns} * interval '15 minutes', timestamptz '2000-01-01'),
      'country', 'DE', 'USD', 1
    from generate_series(${from}, ${to}) n on conflict do nothing`),
  )
  await client.query(`analyze clicks.traffic_sources, clicks.campaigns, clicks.clicks, clicks.conversions,
    clicks.orphan_postbacks, clicks.campaign_stats, clicks.campaign_dimensions`)
})

const page = { before: null, limit: 51 }
const month = { tz: 'Europe/Berlin', basis: 'click' } as const

it.each([
  [
    'campaigns of an owner',
    listCampaignsStatement({ owner: 'partner:acme', ...page }),
    /^idx_campaigns_owner$/,
    200,
  ],
  [
    'sources of an owner',
    listSourcesStatement({ owner: 'partner:acme', ...page }),
    /^idx_traffic_sources_owner$/,
    200,
  ],
  [
    'clicks of a campaign',
    listClicksStatement(sql`true`, { campaignId: 7, ...page }),
    /campaign_id_id_idx$/,
    200,
  ],
  [
    'conversions of a campaign',
    listConversionsStatement({ owner: null, campaignId: 7, ...page }),
    /^idx_conversions_campaign$/,
    100,
  ],
  [
    'conversions of an owner',
    listConversionsStatement({ owner: 'partner:acme', campaignId: 50, ...page }),
    /^idx_conversions_campaign$/,
    100,
  ],
  [
    'open orphans of an owner',
    listOrphansStatement({ owner: 'partner:acme', state: 'open', ...page }),
    /^idx_orphan_postbacks_owner$/,
    300,
  ],
  ['a report of days', statsStatement(7, { ...month, groupBy: 'day' }), /^campaign_stats_/, 100],
  [
    'a report of countries',
    statsStatement(7, { ...month, groupBy: 'country' }),
    /^campaign_dimensions_/,
    100,
  ],
] as const)('%s are read by their index, and few pages suffice', async (_what, statement, index, pages) => {
  const plan = await planOf(statement)
  expect(plan.scannedWhole).toEqual([])
  expect(plan.indexes).toEqual(expect.arrayContaining([expect.stringMatching(index)]))
  expect(plan.pages).toBeLessThan(pages)
})

it.each([
  ['a report of days', { ...month, groupBy: 'day' as const }],
  ['a report of countries', { ...month, groupBy: 'country' as const }],
])('%s reads the roll-up and no click', async (_what, query) => {
  const { relations } = await planOf(statsStatement(7, query))
  expect(relations.filter((name) => /^clicks(_|$)|conversions|events/.test(name))).toEqual([])
})

it('a postback finds its click in one partition', async () => {
  const clickId = await clickOf(100)
  const report = {
    clickId,
    type: 'sale',
    txid: 'new',
    status: 'approved',
    payoutMinor: 5,
    currency: 'USD',
    amount: null,
    data: {},
  } as const
  await client.query('begin')
  try {
    const plan = await planOf(receiveStatement({ sourceId: 1, address: null, report }))
    const touched = new Set(plan.relations.filter((name) => name.startsWith('clicks_')))
    expect(touched.size).toBe(1)
    expect(plan.scannedWhole.filter((name) => !['rules', 'rule_sets'].includes(name))).toEqual([])
  } finally {
    await client.query('rollback')
  }
})

type Node = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Loops'?: number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Node[]
}

async function planOf(statement: SQL) {
  const { rows } = await explain(client, statement)
  const root: Node = rows[0]['QUERY PLAN'][0].Plan
  const nodes = flatten(root).filter((node) => node['Actual Loops'] !== 0)
  return {
    indexes: nodes.flatMap((node) => node['Index Name'] ?? []),
    relations: nodes.flatMap((node) => (/Scan/.test(node['Node Type']) ? (node['Relation Name'] ?? []) : [])),
    scannedWhole: nodes.flatMap((node) =>
      node['Node Type'] === 'Seq Scan' && pagesOf(node) > 0 ? (node['Relation Name'] ?? []) : [],
    ),
    pages: pagesOf(root),
  }
}

/** None for a partition that is empty. */
function pagesOf(node: Node): number {
  return node['Shared Hit Blocks'] + node['Shared Read Blocks']
}

function flatten(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}
