import * as z from 'zod'
import { orThrow } from '../../core/errors.ts'
import { at, created, type Endpoint, found, ok, versioned } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { IdCursor } from '../campaigns/contract.ts'
import { NewSource, Source, SourceChange, SourceRotation, SourceWithSecret } from './contract.ts'
import { createSource } from './create.ts'
import { editSource } from './edit.ts'
import { listSources } from './list.ts'
import { readSource } from './read.ts'
import { rotateSecret } from './rotate.ts'

const base = '/v1/clicks/sources'
const on = at(base, 'clicks')
const roles = ['admin', 'partner'] as const

export const sourcesEndpoints: Endpoint[] = [
  on.post(
    '',
    {
      summary: 'Create a traffic source',
      description:
        'Postbacks go to `/postback/{slug}` and carry the secret, or a signature with it. The secret is shown only here.',
      roles,
      body: NewSource,
      answers: { 201: SourceWithSecret },
      problems: ['slug_taken', 'destination_invalid', 'unprocessable'],
    },
    async (ctx, { body }) => {
      const { source } = orThrow(await createSource(ctx, body))
      return created(`${base}/${source.id}`, source, { version: source.version })
    },
  ),
  on.get(
    '',
    {
      summary: 'List traffic sources, newest first',
      roles,
      query: z.strictObject(PageQuery),
      answers: { 200: Page(Source) },
    },
    async (ctx, { query: { limit, cursor } }) => {
      const [before = null] = cursorOf(IdCursor, cursor) ?? []
      return ok(page(await listSources(ctx, { before, limit: limit + 1 }), limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/{id}',
    {
      summary: 'Read a traffic source',
      roles,
      params: IdPath,
      answers: { 200: Source },
    },
    async (ctx, { params }) => versioned(found(await readSource(ctx, params), 'This source does not exist')),
  ),
  on.patch(
    '/{id}',
    {
      summary: 'Change or archive a traffic source',
      description: 'An archived source accepts no postbacks, and no campaign can choose it.',
      roles,
      params: IdPath,
      body: SourceChange,
      ifMatch: true,
      answers: { 200: Source },
      problems: ['destination_invalid'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editSource(ctx, { id: params.id, version, change: body })).value),
  ),
  on.post(
    '/{id}/rotate',
    {
      summary: 'Replace the secret of the postbacks',
      description: 'For `overlapHours` both secrets are accepted.',
      roles,
      params: IdPath,
      body: SourceRotation,
      answers: { 200: SourceWithSecret },
      problems: ['unprocessable'],
    },
    async (ctx, { params, body }) =>
      versioned(orThrow(await rotateSecret(ctx, { id: params.id, ...body })).source),
  ),
]
