import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { AppError, orThrow } from '../../core/errors.ts'
import { type Answer, at, type Endpoint, found, noContent, ok } from '../../http/endpoint.ts'
import { type Column, csv, ndjson, pagesOf } from '../../http/export.ts'
import { byName, IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { cachedSources } from '../sources/cached-source.ts'
import * as wire from './contract.ts'
import { isAuthentic } from './is-authentic.ts'
import { listConversions } from './list.ts'
import { listOrphans } from './list-orphans.ts'
import { listPostbacks } from './list-postbacks.ts'
import { matchOrphan } from './match-orphan.ts'
import { readPostback } from './read-postback.ts'
import { receivePostback } from './receive.ts'

const base = '/v1/clicks'
const on = at(base, 'clicks')
const open = at('', 'clicks')
const roles = ['admin', 'partner'] as const

/** A network sends all its postbacks from few addresses, and one that is refused is often lost. */
const forNetworks = {
  roles: 'public',
  openQuery: true,
  rateLimited: false,
  params: wire.SourcePath,
  problems: ['not_found', 'unauthenticated', 'forbidden', 'validation_failed', 'unprocessable'],
} as const

export const conversionsEndpoints: Endpoint[] = [
  open.get(
    '/postback/{source}',
    {
      ...forNetworks,
      summary: 'Report a conversion',
      description: [
        'Parameters: `clickid`, and optionally `type`, `txid`, `payout` (decimal, in `currency`), `currency`, `status`, under',
        'the names that the source maps. `secret` is the secret of the source. Instead, `sig` may end the query: the hex',
        'HMAC-SHA256 of the query before `&sig=`. One click, type and txid is one conversion, and its status only rises:',
        'pending, approved, rejected, reversed. HEAD changes nothing.',
      ].join(' '),
      answers: { 200: wire.PostbackResult, 204: null },
    },
    (ctx, { params, query, search, request }) =>
      receive(ctx, { slug: params.source, sent: query, query, search, request }),
  ),
  open.post(
    '/postback/{source}',
    {
      ...forNetworks,
      summary: 'Report a conversion by POST',
      description: 'The parameters stand in the query or, with `secret`, in the body: as JSON, or as a form.',
      body: wire.PostbackBody,
      formFields: true,
      answers: { 200: wire.PostbackResult, 204: null },
    },
    (ctx, { params, query, body, search, request }) => {
      const inBody = Object.fromEntries(
        Object.entries(body ?? {}).map(([name, value]) => [name, String(value)]),
      )
      if (query['sig'] !== undefined && body !== undefined)
        throw new AppError('validation_failed', 'A signature covers the query only: send no body with it')
      return receive(ctx, {
        slug: params.source,
        sent: byName({ ...inBody, ...query }),
        query,
        search,
        request,
      })
    },
  ),
  on.get(
    '/conversions',
    {
      summary: 'List conversions, newest first',
      roles,
      query: z.strictObject({ ...wire.ConversionFilter, ...PageQuery }),
      answers: { 200: Page(wire.Conversion) },
    },
    async (ctx, { query: { limit, cursor, ...filter } }) => {
      const [before = null] = cursorOf(wire.IdCursor, cursor) ?? []
      const conversions = await listConversions(ctx, { ...filter, before, limit: limit + 1 })
      return ok(page(conversions, limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/conversions.csv',
    {
      summary: 'Export conversions as CSV, newest first',
      roles,
      query: z.strictObject(wire.ConversionFilter),
      answers: { 200: 'text/csv' },
    },
    (ctx, { query }) => csv(ctx, columns, { name: 'conversions.csv', pages: allConversions(ctx, query) }),
  ),
  on.get(
    '/conversions.ndjson',
    {
      summary: 'Export conversions as NDJSON, newest first',
      roles,
      query: z.strictObject(wire.ConversionFilter),
      answers: { 200: 'application/x-ndjson' },
    },
    (ctx, { query }) => ndjson(ctx, { name: 'conversions.ndjson', pages: allConversions(ctx, query) }),
  ),
  on.get(
    '/postbacks',
    {
      summary: 'List postbacks to traffic sources, newest first',
      description: [
        'A source with a template gets one for each status of a conversion of its visitors. It is tried five times in a day.',
        'Ended ones are kept for 30 days.',
      ].join(' '),
      roles,
      query: z.strictObject({ ...wire.SentPostbackFilter, ...PageQuery }),
      answers: { 200: Page(wire.SentPostback) },
    },
    async (ctx, { query: { limit, cursor, ...filter } }) => {
      const [before = null] = cursorOf(wire.IdCursor, cursor) ?? []
      const postbacks = await listPostbacks(ctx, { ...filter, before, limit: limit + 1 })
      return ok(page(postbacks, limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/orphans',
    {
      summary: 'List parked postbacks, newest first',
      description:
        'A postback is parked when its click has not been stored, or belongs to another owner. It is matched each minute for seven days.',
      roles,
      query: z.strictObject({ ...wire.OrphanFilter, ...PageQuery }),
      answers: { 200: Page(wire.Orphan) },
    },
    async (ctx, { query: { limit, cursor, state } }) => {
      const [before = null] = cursorOf(wire.IdCursor, cursor) ?? []
      return ok(page(await listOrphans(ctx, { state, before, limit: limit + 1 }), limit, ({ id }) => [id]))
    },
  ),
  on.post(
    '/orphans/{id}/match',
    {
      summary: 'Give a parked postback the click to which it belongs',
      roles,
      params: IdPath,
      body: wire.OrphanMatch,
      answers: { 200: wire.PostbackResult },
      problems: ['not_found', 'illegal_transition'],
    },
    async (ctx, { params, body }) =>
      ok(orThrow(await matchOrphan(ctx, { id: params.id, clickId: body.clickId })).answer),
  ),
]

type Postback = {
  slug: string
  /** The parameters of the query and the body. */
  sent: Readonly<Record<string, string>>
  query: Readonly<Record<string, string>>
  search: string
  request: Request
}

async function receive(ctx: Ctx, { slug, sent, query, search, request }: Postback): Promise<Answer> {
  const { value } = await cachedSources.read(ctx, slug.toLowerCase())
  const source = found(value, 'This source does not exist')
  if (!(await isAuthentic(ctx, source, { search, secret: sent['secret'], sig: query['sig'] })))
    throw new AppError(
      'unauthenticated',
      'The postback needs the secret of its source, or a signature with it',
    )
  const report = readPostback(source, sent)
  if (request.method === 'HEAD') return noContent()
  const address = request.headers.get('cf-connecting-ip')
  return ok(orThrow(await receivePostback(ctx, { sourceId: source.id, address, report })).answer)
}

function allConversions(
  ctx: Ctx,
  filter: Pick<Parameters<typeof listConversions>[1], 'campaignId' | 'status'>,
) {
  return pagesOf<wire.Conversion, number>({
    read: (before, limit) => listConversions(ctx, { ...filter, before, limit }),
    keyOf: ({ id }) => id,
  })
}

const columns: Column<wire.Conversion>[] = [
  ['id', (row) => row.id],
  ['clickId', (row) => row.clickId],
  ['campaignId', (row) => row.campaignId],
  ['offerId', (row) => row.offerId],
  ['landingPageId', (row) => row.landingPageId],
  ['sourceId', (row) => row.sourceId],
  ['type', (row) => row.type],
  ['txid', (row) => row.txid],
  ['status', (row) => row.status],
  ['payoutMinor', (row) => row.payoutMinor],
  ['currency', (row) => row.currency],
  ['secondsToConvert', (row) => row.secondsToConvert],
  ['createdAt', (row) => row.createdAt],
  ['updatedAt', (row) => row.updatedAt],
]
