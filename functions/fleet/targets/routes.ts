import * as z from 'zod'
import { orThrow } from '../../core/errors.ts'
import { at, created, type Endpoint, found, ok, versioned } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { IdCursor } from '../contract.ts'
import { addTarget } from './add.ts'
import { NewTarget, Target, TargetChange } from './contract.ts'
import { editTarget } from './edit.ts'
import { listTargets } from './list.ts'
import { readTarget } from './read.ts'

const base = '/v1/fleet'
const on = at(base, 'fleet')
const roles = ['tenant', 'admin'] as const

export const targetsEndpoints: Endpoint[] = [
  on.post(
    '/zones/{id}/targets',
    {
      summary: 'Set the range in which a value of the zone should be',
      description:
        'A target holds for the whole day, or for hours of it. Of several that hold at a moment, one with hours wins over one without, then the newest.',
      roles,
      params: IdPath,
      body: NewTarget,
      answers: { 201: Target },
      problems: ['not_found', 'conflict', 'unprocessable'],
    },
    async (ctx, { params, body }) => {
      const { value } = orThrow(await addTarget(ctx, { zoneId: params.id, target: body }))
      return created(`${base}/targets/${value.id}`, value, { version: value.version })
    },
  ),
  on.get(
    '/zones/{id}/targets',
    {
      summary: 'List the targets of a zone',
      roles,
      params: IdPath,
      query: z.strictObject(PageQuery),
      answers: { 200: Page(Target) },
    },
    async (ctx, { params, query: { limit, cursor } }) => {
      const [after = 0] = cursorOf(IdCursor, cursor) ?? []
      const targets = found(await listTargets(ctx, { zoneId: params.id, after, limit: limit + 1 }))
      return ok(page(targets, limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/targets/{id}',
    { summary: 'Read a target', roles, params: IdPath, fixedByVersion: true, answers: { 200: Target } },
    async (ctx, { params }) => versioned(found(await readTarget(ctx, params))),
  ),
  on.patch(
    '/targets/{id}',
    {
      summary: 'Change a target',
      description: 'The next cycle uses the new range.',
      roles,
      params: IdPath,
      body: TargetChange,
      ifMatch: true,
      answers: { 200: Target },
      problems: ['conflict', 'unprocessable'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editTarget(ctx, { id: params.id, version, change: body })).value),
  ),
]
