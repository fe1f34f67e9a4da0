import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { orThrow } from '../../core/errors.ts'
import { deviceToken } from '../../http/auth.ts'
import { at, created, type Endpoint, found, ok, versioned } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { IdCursor } from '../contract.ts'
import { addGreenhouse } from './add.ts'
import {
  Greenhouse,
  GreenhouseChange,
  NewGreenhouse,
  type Provisioned,
  ProvisionedGreenhouse,
} from './contract.ts'
import { editGreenhouse } from './edit.ts'
import { listGreenhouses } from './list.ts'
import { provisionGreenhouse } from './provision.ts'
import { readGreenhouse } from './read.ts'

const base = '/v1/fleet/greenhouses'
const on = at(base, 'fleet')
const roles = ['tenant', 'admin'] as const

export const greenhousesEndpoints: Endpoint[] = [
  on.post(
    '',
    {
      summary: 'Register a greenhouse',
      description:
        'The answer has the token with which the nodes of the greenhouse say hello. It is shown once.',
      roles,
      body: NewGreenhouse,
      answers: { 201: ProvisionedGreenhouse },
      problems: ['unprocessable', 'unavailable'],
    },
    async (ctx, { body }) => {
      const greenhouse = await withToken(ctx, await addGreenhouse(ctx, body))
      return created(`${base}/${greenhouse.id}`, greenhouse, { version: greenhouse.version })
    },
  ),
  on.get(
    '',
    {
      summary: 'List greenhouses',
      description: 'Greenhouses are sorted by id, in the order of their creation.',
      roles,
      query: z.strictObject(PageQuery),
      answers: { 200: Page(Greenhouse) },
    },
    async (ctx, { query: { limit, cursor } }) => {
      const [after = 0] = cursorOf(IdCursor, cursor) ?? []
      return ok(page(await listGreenhouses(ctx, { after, limit: limit + 1 }), limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/{id}',
    {
      summary: 'Read a greenhouse',
      roles,
      params: IdPath,
      fixedByVersion: true,
      answers: { 200: Greenhouse },
    },
    async (ctx, { params }) => versioned(found(await readGreenhouse(ctx, params))),
  ),
  on.patch(
    '/{id}',
    {
      summary: 'Change a greenhouse',
      roles,
      params: IdPath,
      body: GreenhouseChange,
      ifMatch: true,
      answers: { 200: Greenhouse },
      problems: ['unprocessable'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editGreenhouse(ctx, { id: params.id, version, change: body })).value),
  ),
  on.post(
    '/{id}/provision',
    {
      summary: 'Replace the provisioning token of a greenhouse',
      description: 'The old token is refused within five seconds. Nodes keep their credentials.',
      roles,
      params: IdPath,
      ifMatch: true,
      answers: { 200: ProvisionedGreenhouse },
      problems: ['unavailable'],
    },
    async (ctx, { params, version }) => {
      const { value } = orThrow(await provisionGreenhouse(ctx, { id: params.id, version }))
      return versioned(await withToken(ctx, value))
    },
  ),
]

/** Signed after the statement, from the generation: no row holds the token. */
async function withToken(ctx: Ctx, { greenhouse, gen }: Provisioned) {
  const { id, tenantId } = greenhouse
  const provisioningToken = await deviceToken(ctx.env, { role: 'greenhouse', sub: String(id), tenantId, gen })
  return { ...greenhouse, provisioningToken }
}
