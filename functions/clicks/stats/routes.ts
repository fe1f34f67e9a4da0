import { at, type Endpoint, found, ok } from '../../http/endpoint.ts'
import { type Column, csv } from '../../http/export.ts'
import { IdPath } from '../../http/fields.ts'
import { Stats, StatsQuery, type StatsRow } from './contract.ts'
import { reportStats } from './report.ts'

const on = at('/v1/clicks/campaigns/{id}', 'clicks')
const roles = ['admin', 'partner'] as const
const noCampaign = 'This campaign does not exist'

export const statsEndpoints: Endpoint[] = [
  on.get(
    '/stats',
    {
      summary: 'Report clicks, conversions and revenue of a campaign',
      description: [
        'At most five seconds old. Days and hours are those of `tz`; a group without clicks and conversions has no row. Each',
        'currency has rows of its own. Groups by sub1 to sub5, country, device, os, browser and referrer are counted each',
        'minute, and `asOf` says when. Beyond 1 000 values of a quarter hour, or 2 000 of a report, they are `(other)`. A report',
        'of more than 10 000 rows is refused: choose a shorter window.',
      ].join(' '),
      roles,
      params: IdPath,
      query: StatsQuery,
      answers: { 200: Stats },
      problems: ['not_found', 'no_data_yet', 'unprocessable'],
    },
    async (ctx, { params, query }) => ok(found(await reportStats(ctx, params.id, query), noCampaign)),
  ),
  on.get(
    '/stats.csv',
    {
      summary: 'Export the report of a campaign as CSV',
      roles,
      params: IdPath,
      query: StatsQuery,
      answers: { 200: 'text/csv' },
      problems: ['not_found', 'no_data_yet', 'unprocessable'],
    },
    async (ctx, { params, query }) => {
      const { data } = found(await reportStats(ctx, params.id, query), noCampaign)
      return csv(ctx, columnsOf(query), { name: 'stats.csv', pages: onePage(data) })
    },
  ),
]

async function* onePage<Row>(rows: Row[]): AsyncGenerator<Row[]> {
  yield rows
}

const numbers = [
  'currency',
  'clicks',
  'unique',
  'unkeyed',
  'valid',
  'bots',
  'invalidGeneral',
  'invalidSophisticated',
  'previews',
  'fallbacks',
  'conversions',
  'pending',
  'approved',
  'rejected',
  'reversed',
  'revenueMinor',
  'costMinor',
  'profitMinor',
  'cr',
  'epcMinor',
  'roi',
] as const

function columnsOf({ groupBy }: StatsQuery): Column<StatsRow>[] {
  const counted = numbers.map((name): Column<StatsRow> => [name, (row) => row[name]])
  if (groupBy === undefined) return counted
  const key: Column<StatsRow> = [
    groupBy,
    (row) => Object.entries(row).find(([name]) => name === groupBy)?.[1] ?? null,
  ]
  return [key, ...counted]
}
