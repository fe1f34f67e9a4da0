import { type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type pg from 'pg'
import { listCampaignsStatement } from '../../functions/clicks/campaigns/list.ts'
import { listClicksStatement } from '../../functions/clicks/clicks/list.ts'
import { readClickStatement } from '../../functions/clicks/clicks/read.ts'
import { listConversionsStatement } from '../../functions/clicks/conversions/list.ts'
import { listOrphansStatement } from '../../functions/clicks/conversions/list-orphans.ts'
import { listPostbacksStatement } from '../../functions/clicks/conversions/list-postbacks.ts'
import { listSourcesStatement } from '../../functions/clicks/sources/list.ts'
import { statsStatement } from '../../functions/clicks/stats/read.ts'

const campaigns = 2_000

type Fill = {
  clicks: number
  /** Calls `fill` with the bounds of each of its steps. */
  inSteps: (rows: number, fill: (from: number, to: number) => Promise<unknown>) => Promise<void>
}

/** Campaigns, sources and clicks of the coming days; every other click has a conversion. */
export async function fillClicks(client: pg.ClientBase, { clicks, inSteps }: Fill): Promise<void> {
  await client.query(`
    insert into clicks.traffic_sources (owner, slug, name, secret)
    select case when n % 50 = 0 then 'partner:acme' else 'admin' end, 's' || n, 'S', 'none' from generate_series(1, ${campaigns}) n;
    insert into clicks.campaigns (owner, slug, name, currency, traffic_source_id)
    select case when n % 50 = 0 then 'partner:acme' else 'admin' end, 'c' || n, 'C', 'USD', n
    from generate_series(1, ${campaigns}) n;
    create temporary table filled (n int primary key, id uuid);
    select core.keep_partitions()`)
  await inSteps(clicks, (from, to) =>
    client.query(`
    with made as (
      insert into filled (n, id)
      select n, uuidv7(interval '40 days' * n / ${clicks}) from generate_series(${from}, ${to}) n returning *
    )
    insert into clicks.clicks (id, campaign_id, config_version, is_bot, is_valid, validity, rule_set_id, reasons, facts)
    select id, 1 + n % ${campaigns}, 1, false, true, 'valid', 1, '{bot}', '{}' from made`),
  )
  await inSteps(clicks / 2, (from, to) =>
    client.query(`
    insert into clicks.conversions (click_id, campaign_id, traffic_source_id, type, status, payout_minor, currency)
    select id, 1 + f.n % ${campaigns}, 1 + f.n % ${campaigns}, 'sale', 'approved', 100, 'USD'
    from filled f where f.n between ${2 * from - 1} and ${2 * to} and f.n % 4 < 2;
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
    from generate_series(${from}, ${to}) n on conflict do nothing;
    insert into clicks.events (id, click_id, event_type)
    select uuidv7(), id, 'seen' from filled f where f.n between ${from} and ${to}`),
  )
  await client.query(`
    insert into clicks.postbacks_out (
      conversion_id, traffic_source_id, conversion_status, url, state, give_up_at, finished_at
    )
    select v.id, v.traffic_source_id, 'approved', 'https://net.example/?c={clickid}',
      case when v.id % 20 = 0 then 'dead' else 'delivered' end, now(), now()
    from clicks.conversions v`)
  await client.query(`analyze clicks.traffic_sources, clicks.campaigns, clicks.clicks, clicks.conversions, clicks.events,
    clicks.orphan_postbacks, clicks.postbacks_out, clicks.campaign_stats, clicks.campaign_dimensions`)
}

/** Parked postbacks whose clicks came, two for each click. */
export async function parkPostbacks(client: pg.ClientBase, clicks: number): Promise<void> {
  await client.query(`
    insert into clicks.orphan_postbacks (owner, traffic_source_id, click_id, type, txid, status)
    select c.owner, 1, k.id, 'sale', 'T' || nth, 'approved'
    from (select id, n from filled where n % 2 = 0 order by n desc limit ${clicks}) f
    join clicks.clicks k on k.id = f.id
    join clicks.campaigns c on c.id = k.campaign_id
    cross join generate_series(1, 2) nth`)
}

/** A click in the middle of the time that is filled, so in one of several partitions. */
export async function someClick(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    'select id from filled where n = (select max(n) / 2 from filled)',
  )
  return rows[0]?.id ?? ''
}

const page = { before: null, limit: 51 }
const month = { tz: 'Europe/Berlin', basis: 'click' } as const
const acme = 'partner:acme'

type Query = { name: string; statement: SQL; index: RegExp; pages: number }

/** The queries of lists, of reports and of the explanation of a click. Each names an index that it must read, and the most pages. */
export function queriesOf(click: string): Query[] {
  return [
    {
      name: 'campaigns of an owner',
      statement: listCampaignsStatement({ owner: acme, ...page }),
      index: /^idx_campaigns_owner$/,
      pages: 200,
    },
    {
      name: 'sources of an owner',
      statement: listSourcesStatement({ owner: acme, ...page }),
      index: /^idx_traffic_sources_owner$/,
      pages: 200,
    },
    {
      name: 'clicks of a campaign',
      statement: listClicksStatement(sql`true`, { campaignId: 7, ...page }),
      index: /campaign_id_id_idx$/,
      pages: 200,
    },
    {
      name: 'the explanation of a click',
      statement: readClickStatement(sql`true`, { id: click }),
      index: /^clicks_\w+_pkey$/,
      pages: 50,
    },
    {
      name: 'conversions of a campaign',
      statement: listConversionsStatement({ owner: null, campaignId: 7, ...page }),
      index: /^idx_conversions_campaign$/,
      pages: 100,
    },
    {
      name: 'conversions of an owner',
      statement: listConversionsStatement({ owner: acme, campaignId: 50, ...page }),
      index: /^idx_conversions_campaign$/,
      pages: 100,
    },
    {
      name: 'open orphans of an owner',
      statement: listOrphansStatement({ owner: acme, state: 'open', ...page }),
      index: /^idx_orphan_postbacks_owner$/,
      pages: 300,
    },
    {
      name: 'dead postbacks of an owner',
      statement: listPostbacksStatement({ owner: acme, state: 'dead', ...page }),
      index: /^idx_postbacks_out_source$/,
      pages: 700,
    },
    {
      name: 'postbacks of a source',
      statement: listPostbacksStatement({ owner: null, sourceId: 7, ...page }),
      index: /^idx_postbacks_out_source$/,
      pages: 400,
    },
    {
      name: 'postbacks of a conversion',
      statement: listPostbacksStatement({ owner: acme, conversionId: 7, ...page }),
      index: /^postbacks_out_once$/,
      pages: 20,
    },
    {
      name: 'all postbacks',
      statement: listPostbacksStatement({ owner: null, ...page }),
      index: /^postbacks_out_pkey$/,
      pages: 700,
    },
    {
      name: 'a report of days',
      statement: statsStatement(7, { ...month, groupBy: 'day' }),
      index: /^campaign_stats_/,
      // A page for each quarter hour with clicks, because other campaigns stand between.
      pages: 400,
    },
    {
      name: 'a report of countries',
      statement: statsStatement(7, { ...month, groupBy: 'country' }),
      index: /^campaign_dimensions_/,
      pages: 400,
    },
  ]
}

type Node = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Loops'?: number
  'Actual Rows'?: number
  'Rows Removed by Join Filter'?: number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Node[]
}

export type Planned = {
  indexes: string[]
  relations: string[]
  /** Tables that were read from one end to the other. */
  scannedWhole: string[]
  /** Pairs of rows that were compared and did not match. */
  comparedInVain: number
  /** Rows of partitions of clicks that were read. */
  clicksRead: number
  /** Rows that were read by each index. */
  rowsBy: Map<string, number>
  pages: number
  ms: number
}

const dialect = new PgDialect()

/** Executes a statement and returns its plan for these values. */
export async function planOf(client: pg.ClientBase, statement: SQL): Promise<Planned> {
  const { sql: text, params } = dialect.sqlToQuery(statement)
  const { rows } = await client.query(`explain (analyze, buffers, verbose, format json) ${text}`, params)
  const [{ Plan: root, 'Execution Time': ms }] = rows[0]['QUERY PLAN'] as [
    { Plan: Node; 'Execution Time': number },
  ]
  const nodes = flatten(root).filter((node) => node['Actual Loops'] !== 0)
  return {
    indexes: nodes.flatMap((node) => node['Index Name'] ?? []),
    relations: nodes.flatMap((node) => (/Scan/.test(node['Node Type']) ? (node['Relation Name'] ?? []) : [])),
    scannedWhole: nodes.flatMap((node) =>
      node['Node Type'] === 'Seq Scan' && pagesOf(node) > 0 ? (node['Relation Name'] ?? []) : [],
    ),
    comparedInVain: nodes.reduce(
      (sum, node) => sum + (node['Rows Removed by Join Filter'] ?? 0) * (node['Actual Loops'] ?? 1),
      0,
    ),
    clicksRead: nodes
      .filter((node) => node['Relation Name']?.startsWith('clicks_') && /Scan/.test(node['Node Type']))
      .reduce((sum, node) => sum + rowsOf(node), 0),
    rowsBy: new Map(
      [...Map.groupBy(nodes, (node) => node['Index Name'] ?? '')].map(([index, those]) => [
        index,
        those.reduce((sum, node) => sum + rowsOf(node), 0),
      ]),
    ),
    pages: pagesOf(root),
    ms,
  }
}

function rowsOf(node: Node): number {
  return Math.round((node['Actual Rows'] ?? 0) * (node['Actual Loops'] ?? 1))
}

/** None for a partition that is empty. */
function pagesOf(node: Node): number {
  return node['Shared Hit Blocks'] + node['Shared Read Blocks']
}

function flatten(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}
