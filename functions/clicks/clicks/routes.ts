import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import {
  type Answer,
  at,
  created,
  type Endpoint,
  found,
  ok,
  redirect as sendTo,
} from '../../http/endpoint.ts'
import { type Column, csv, ndjson, pagesOf } from '../../http/export.ts'
import { Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { addEvent } from './add-event.ts'
import { clickColumns } from './columns.ts'
import * as wire from './contract.ts'
import { eraseVisitor } from './erase-visitor.ts'
import { followOffer } from './follow-offer.ts'
import { listClicks } from './list.ts'
import { readClick } from './read.ts'
import { readClickAccounting } from './read-accounting.ts'
import { type Destination, redirect } from './redirect.ts'

const base = '/v1/clicks'
const on = at(base, 'clicks')
const links = at('', 'clicks')
const owners = ['admin', 'partner'] as const
const noCampaign = 'This campaign does not exist'
/** Strictness refuses visitors: a link with a strange query still leads on, and no link is counted against a limit. */
const forVisitors = { roles: 'public', openQuery: true, rateLimited: false, answers: { 302: null } } as const

export const clicksEndpoints: Endpoint[] = [
  links.get(
    '/c/{slug}',
    {
      ...forVisitors,
      summary: 'Follow the link of a campaign',
      description:
        'Redirects to a landing page or an offer of the campaign and records a click. HEAD and prefetches are recorded as previews.',
      params: wire.SlugPath,
      problems: ['not_found', 'campaign_archived'],
    },
    async (ctx, { params, ...followed }) => lead(await redirect(ctx, { ...params, ...followed })),
  ),
  links.get(
    '/o/{id}',
    {
      ...forVisitors,
      summary: 'Go on from a landing page to the offer',
      description:
        'The link that a landing page gets as {offerlink}. Records an offer_click event for the click, if that is a click of the campaign.',
      params: wire.ClickPath,
      problems: ['not_found', 'campaign_archived'],
    },
    async (ctx, { params, request, query }) => lead(await followOffer(ctx, { ...params, request, query })),
  ),
  on.get(
    '/clicks/{id}',
    {
      summary: 'Read a click, with the rules that decided about it',
      description:
        'Also makes the choice of landing page and offer anew, and compares it with the one that was made.',
      roles: owners,
      params: wire.ClickPath,
      answers: { 200: wire.ExplainedClick },
      problems: ['not_found'],
    },
    async (ctx, { params }) => ok(found(await readClick(ctx, params))),
  ),
  on.get(
    '/clicks',
    {
      summary: 'List the clicks of a campaign, newest first',
      roles: owners,
      query: z.strictObject({ ...wire.ClickFilter, ...PageQuery }),
      answers: { 200: Page(wire.Click) },
      problems: ['not_found'],
    },
    async (ctx, { query: { limit, cursor, ...filter } }) => {
      const [before = null] = cursorOf(wire.ClickCursor, cursor) ?? []
      const clicks = found(await listClicks(ctx, { ...filter, before, limit: limit + 1 }), noCampaign)
      return ok(page(clicks, limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/clicks.ndjson',
    {
      summary: 'Export the clicks of a campaign, one JSON object a line, newest first',
      roles: owners,
      query: z.strictObject(wire.ClickFilter),
      answers: { 200: 'application/x-ndjson' },
      problems: ['not_found'],
    },
    (ctx, { query }) => ndjson(ctx, { name: 'clicks.ndjson', pages: pagesOfClicks(ctx, query) }),
  ),
  on.get(
    '/clicks.csv',
    {
      summary: 'Export the clicks of a campaign as CSV, newest first',
      roles: owners,
      query: z.strictObject(wire.ClickFilter),
      answers: { 200: 'text/csv' },
      problems: ['not_found'],
    },
    (ctx, { query }) => csv(ctx, columns, { name: 'clicks.csv', pages: pagesOfClicks(ctx, query) }),
  ),
  on.post(
    '/clicks/{id}/events',
    {
      summary: 'Record something that the visitor did',
      description:
        'An event whose id exists is not recorded again: the answer is then 200 with the event as it is.',
      roles: owners,
      params: wire.ClickPath,
      body: wire.NewEvent,
      answers: { 200: wire.ClickEvent, 201: wire.ClickEvent },
      problems: ['not_found', 'conflict'],
    },
    async (ctx, { params, body }) => {
      const outcome = await addEvent(ctx, { clickId: params.id, ...body })
      if (!outcome.ok) throw new AppError(outcome.reason)
      if (!outcome.added) return ok(outcome.event)
      return created(`${base}/clicks/${params.id}`, outcome.event)
    },
  ),
  on.get(
    '/accounting',
    {
      summary: 'Account for each click that a redirect answered, by minute',
      description: 'At every moment `answered` is the sum of the others.',
      roles: ['admin'],
      query: wire.AccountingQuery,
      answers: { 200: wire.ClickAccounting },
    },
    async (ctx, { query }) => ok(await readClickAccounting(ctx, query)),
  ),
  on.delete(
    '/visitors/{key}',
    {
      summary: 'Erase a visitor',
      description:
        'Removes the key, the network, the User-Agent, the referrer and the parameters of the link from the clicks, and the data of their events. The clicks stay counted, and the receipt names the parts that stay. A click whose message is under way is stored later: erase again.',
      roles: owners,
      params: wire.VisitorPath,
      answers: { 200: wire.Erasure },
    },
    async (ctx, { params }) => ok(await eraseVisitor(ctx, params)),
  ),
]

const columns = clickColumns.map((name): Column<wire.Click> => [name, (row) => row[name]])

function pagesOfClicks(ctx: Ctx, query: { campaignId: number }): AsyncGenerator<wire.Click[]> {
  return pagesOf<wire.Click, string>({
    read: async (before, limit) => found(await listClicks(ctx, { ...query, before, limit }), noCampaign),
    keyOf: ({ id }) => id,
  })
}

function lead({ location, referrerPolicy }: Destination): Answer {
  return sendTo(location, { 'cache-control': 'private, no-store', 'referrer-policy': referrerPolicy })
}
