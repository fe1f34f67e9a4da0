import * as z from 'zod'
import { orThrow, problemOf } from '../../core/errors.ts'
import { at, created, type Endpoint, found, ok, versioned } from '../../http/endpoint.ts'
import { byName, IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { addPart } from './add-part.ts'
import { cloneCampaign } from './clone.ts'
import * as wire from './contract.ts'
import { createCampaignsOf } from './create-bulk.ts'
import { createCampaign } from './create-one.ts'
import { editCampaign } from './edit.ts'
import { editPart } from './edit-part.ts'
import { listCampaigns } from './list.ts'
import { listParts } from './list-parts.ts'
import type { PartKind } from './part-kinds.ts'
import { readCampaign } from './read.ts'
import { testCampaign } from './test.ts'
import { transitionCampaign } from './transition.ts'

const base = '/v1/clicks/campaigns'
const on = at(base, 'clicks')
const roles = ['admin', 'partner'] as const
const noCampaign = 'This campaign does not exist'

const stepTexts = {
  pause: 'Pause a campaign: its visitors are sent to the fallback',
  resume: 'Resume a paused campaign',
  archive: 'Archive a campaign for ever: its link answers 410',
} as const

export const campaignsEndpoints: Endpoint[] = [
  on.post(
    '',
    {
      summary: 'Create a campaign with its offers and landing pages',
      description: [
        'Its link is `/c/{slug}`. A partner owns what it creates. Destinations begin with http:// or https://, and may have',
        'these macros behind the host: {clickid} {campaign} {source} {sub1} to {sub5} {country} {device}, and {offerlink} in',
        'a landing page.',
      ].join(' '),
      roles,
      body: wire.NewCampaign,
      answers: { 201: wire.Campaign },
      bodyLimitBytes: 256 * 1024,
      problems: ['not_found', 'slug_taken', 'destination_invalid'],
    },
    async (ctx, { body }) => {
      const { campaign } = orThrow(await createCampaign(ctx, body))
      return created(`${base}/${campaign.id}`, campaign, { version: campaign.version })
    },
  ),
  on.post(
    '/bulk',
    {
      summary: 'Create many campaigns',
      description:
        'One statement creates all valid campaigns. The answer has one result per item; an invalid item does not affect the others.',
      roles,
      body: wire.CampaignBatch,
      describedBody: wire.DescribedCampaignBatch,
      items: 'campaigns',
      bodyLimitBytes: 1024 * 1024,
      answers: { 200: z.object({ data: z.array(wire.CampaignBatchAnswer) }) },
    },
    async (ctx, { body: { campaigns } }) => {
      const outcomes = await createCampaignsOf(ctx, campaigns)
      return ok({
        data: outcomes.map((outcome, index) =>
          outcome.ok ? { index, ...outcome } : { index, ok: false, problem: problemOf(outcome) },
        ),
      })
    },
  ),
  on.get(
    '',
    {
      summary: 'List campaigns, newest first',
      description: 'A partner sees its own campaigns, an admin all of them.',
      roles,
      query: z.strictObject({ ...wire.CampaignFilter, ...PageQuery }),
      answers: { 200: Page(wire.ListedCampaign) },
    },
    async (ctx, { query: { limit, cursor, ...filter } }) => {
      const [before = null] = cursorOf(wire.IdCursor, cursor) ?? []
      const campaigns = await listCampaigns(ctx, { ...filter, before, limit: limit + 1 })
      return ok(page(campaigns, limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/{id}',
    {
      summary: 'Read a campaign',
      roles,
      params: IdPath,
      fixedByVersion: true,
      answers: { 200: wire.Campaign },
    },
    async (ctx, { params }) => versioned(found(await readCampaign(ctx, params), noCampaign)),
  ),
  on.patch(
    '/{id}',
    {
      summary: 'Change a campaign',
      description: 'Redirects follow within five seconds.',
      roles,
      params: IdPath,
      body: wire.CampaignChange,
      ifMatch: true,
      answers: { 200: wire.Campaign },
      problems: ['illegal_transition', 'destination_invalid', 'unprocessable'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editCampaign(ctx, { id: params.id, version, change: body })).value),
  ),
  ...(['pause', 'resume', 'archive'] as const).map((step) =>
    on.post(
      `/{id}/${step}`,
      {
        summary: stepTexts[step],
        roles,
        params: IdPath,
        answers: { 200: wire.Campaign },
        problems: ['illegal_transition'],
      },
      async (ctx, { params }) =>
        versioned(orThrow(await transitionCampaign(ctx, { id: params.id, step })).campaign),
    ),
  ),
  on.post(
    '/{id}/clone',
    {
      summary: 'Copy a campaign under a new slug',
      description:
        'The copy has the active offers and landing pages, belongs to the same owner, and is paused.',
      roles,
      params: IdPath,
      body: wire.Clone,
      answers: { 201: wire.Campaign },
      problems: ['slug_taken'],
    },
    async (ctx, { params, body }) => {
      const { campaign } = orThrow(await cloneCampaign(ctx, { id: params.id, ...body }))
      return created(`${base}/${campaign.id}`, campaign, { version: campaign.version })
    },
  ),
  on.post(
    '/{id}/test',
    {
      summary: 'See where a visitor would be sent',
      description: 'Nothing is recorded or counted.',
      roles,
      params: IdPath,
      body: wire.TestVisit,
      answers: { 200: wire.TestResult },
    },
    async (ctx, { params, body, request }) => {
      const visit = { ...body, query: byName(body.query) }
      const { origin } = new URL(request.url)
      return ok(found(await testCampaign(ctx, { id: params.id, visit, origin }), noCampaign))
    },
  ),
  ...partEndpoints('offers', '/offers', 'an offer'),
  ...partEndpoints('landingPages', '/landing-pages', 'a landing page'),
]

function partEndpoints(kind: PartKind, path: string, one: string): Endpoint[] {
  const these = path.slice(1).replace('-', ' ')
  return [
    on.get(
      `/{id}${path}`,
      {
        summary: `List the ${these} of a campaign`,
        roles,
        params: IdPath,
        answers: { 200: z.object({ data: z.array(wire.ShownPart), nextCursor: z.null() }) },
        problems: ['not_found'],
      },
      async (ctx, { params }) =>
        ok({ data: found(await listParts(ctx, { ...params, kind }), noCampaign), nextCursor: null }),
    ),
    on.post(
      `/{id}${path}`,
      {
        summary: `Add ${one} to a campaign`,
        roles,
        params: IdPath,
        body: wire.NewPart,
        answers: { 201: wire.VersionedPart },
        problems: ['not_found', 'illegal_transition', 'destination_invalid', 'unprocessable'],
      },
      async (ctx, { params, body }) => {
        const { part } = orThrow(await addPart(ctx, { id: params.id, kind, part: body }))
        return created(`${base}/${params.id}${path}/${part.id}`, part, { version: part.version })
      },
    ),
    on.patch(
      `/{id}${path}/{partId}`,
      {
        summary: `Change, stop or archive ${one}`,
        description: 'If-Match takes the version of the campaign. Weight 0 stops it.',
        roles,
        params: wire.PartPath,
        body: wire.PartChange,
        ifMatch: true,
        answers: { 200: wire.VersionedPart },
        problems: ['illegal_transition', 'destination_invalid'],
      },
      async (ctx, { params, version, body }) =>
        versioned(orThrow(await editPart(ctx, { ...params, kind, version, change: body })).part),
    ),
  ]
}
