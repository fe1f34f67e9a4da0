import * as z from 'zod'
import type { Ctx } from '../../../functions/core/context.ts'
import { at, type Endpoint, ok, redirect } from '../../../functions/http/endpoint.ts'
import { csv, ndjson, pagesOf } from '../../../functions/http/export.ts'
import { sent } from '../../support/sent.ts'

/** Endpoints that use what the door offers and no row of the product uses yet. */
const on = at('/v1/sample', 'sample')

const Measured = z.strictObject({ name: z.string(), value: z.number() })

type Row = { n: number; text: string; amount: string }

/** Text that a spreadsheet would run in every tenth row. */
const rowsAfter = (ctx: Ctx) => (after: number | null, limit: number) =>
  ctx.db.query<Row>(sent`
select n, case when n % 10 = 0 then '=cmd|''/c calc''!A0' else 'row ' || n || ', "quoted"' end as text, (-n)::text || '.50' as amount
from generate_series(${(after ?? 0) + 1}::int, least(${(after ?? 0) + limit}::int, 12000)) n
where 1 / case when ${ctx.principal?.sub ?? ''} = 'fails late' and n > 5000 then 0 else 1 end = 1
order by n`)

const pages = (ctx: Ctx) => pagesOf({ read: rowsAfter(ctx), keyOf: ({ n }: Row) => n, size: 1_000 })

export const sampleEndpoints: Endpoint[] = [
  at('', 'sample').get(
    '/c/{slug}',
    {
      summary: 'Follow a link',
      roles: 'public',
      params: z.strictObject({ slug: z.string() }),
      openQuery: true,
      rateLimited: false,
      answers: { 302: null },
    },
    async (_ctx, { params: { slug }, query, search, request }) =>
      redirect(`https://shop.example/${slug}?%2Fa%2520b&s=${encodeURIComponent(query['s1'] ?? '')}#x`, {
        'cache-control': 'private, no-store',
        'referrer-policy': 'strict-origin-when-cross-origin',
        'x-sample': JSON.stringify([
          Object.keys(query).length,
          search.length,
          request.headers.get('user-agent'),
        ]),
      }),
  ),
  on.post(
    '/lines',
    {
      summary: 'Take measurements',
      roles: ['node'],
      body: z.strictObject({ samples: z.array(Measured).min(1).max(1000) }),
      bodyLimitBytes: 64 * 1024,
      packed: true,
      lines: 'samples',
      answers: { 200: z.strictObject({ received: z.int(), sum: z.number() }) },
    },
    async (_ctx, { body: { samples } }) =>
      ok({ received: samples.length, sum: samples.reduce((sum, { value }) => sum + value, 0) }),
  ),
  on.get(
    '/rows.csv',
    { summary: 'Export rows as CSV', roles: ['admin'], answers: { 200: 'text/csv' } },
    async (ctx) =>
      csv<Row>(
        ctx,
        [
          ['n', ({ n }) => n],
          ['text', ({ text }) => text],
          ['amount', ({ amount }) => amount],
        ],
        { name: 'rows.csv', pages: pages(ctx) },
      ),
  ),
  on.get(
    '/rows.ndjson',
    { summary: 'Export rows as NDJSON', roles: ['admin'], answers: { 200: 'application/x-ndjson' } },
    async (ctx) => ndjson<Row>(ctx, { name: 'rows.ndjson', pages: pages(ctx) }),
  ),
]
