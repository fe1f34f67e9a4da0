import * as z from 'zod'
import { orThrow } from '../../core/errors.ts'
import { at, created, type Endpoint, found, ok, versioned } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { IdCursor } from '../contract.ts'
import { addZone } from './add.ts'
import { NewZone, Zone, ZoneChange, ZoneFilter, ZoneNow, ZoneOverview } from './contract.ts'
import { editZone } from './edit.ts'
import { listZones } from './list.ts'
import { readOverview } from './overview.ts'
import { readZone } from './read.ts'
import { readZoneNow } from './read-now.ts'

const base = '/v1/fleet/zones'
const on = at(base, 'fleet')
const whole = at('/v1/fleet', 'fleet')
const roles = ['tenant', 'admin'] as const

export const zonesEndpoints: Endpoint[] = [
  on.post(
    '',
    {
      summary: 'Add a zone to a greenhouse',
      roles,
      body: NewZone,
      answers: { 201: Zone },
      problems: ['not_found'],
    },
    async (ctx, { body }) => {
      const zone = found(await addZone(ctx, body), 'This greenhouse does not exist')
      return created(`${base}/${zone.id}`, zone, { version: zone.version })
    },
  ),
  on.get(
    '',
    {
      summary: 'List zones',
      description: 'Zones are sorted by id, in the order of their creation.',
      roles,
      query: z.strictObject({ ...ZoneFilter, ...PageQuery }),
      answers: { 200: Page(Zone) },
    },
    async (ctx, { query: { greenhouse = null, limit, cursor } }) => {
      const [after = 0] = cursorOf(IdCursor, cursor) ?? []
      const zones = await listZones(ctx, { greenhouse, after, limit: limit + 1 })
      return ok(page(zones, limit, ({ id }) => [id]))
    },
  ),
  whole.get(
    '/overview',
    {
      summary: 'Show zones with their newest values, targets and regulators',
      description: 'Zones are sorted by id. Each value has the target of this moment.',
      roles,
      query: z.strictObject({ ...ZoneFilter, ...PageQuery }),
      answers: { 200: Page(ZoneOverview) },
    },
    async (ctx, { query: { greenhouse = null, limit, cursor } }) => {
      const [after = 0] = cursorOf(IdCursor, cursor) ?? []
      const zones = await readOverview(ctx, { greenhouse, after, limit: limit + 1 })
      return ok(page(zones, limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/{id}',
    { summary: 'Read a zone', roles, params: IdPath, answers: { 200: Zone } },
    async (ctx, { params }) => versioned(found(await readZone(ctx, params))),
  ),
  on.get(
    '/{id}/now',
    {
      summary: 'Read a zone with its newest values, its targets and its regulators',
      description: 'At most 100 targets and 100 regulators, sorted by id.',
      roles,
      params: IdPath,
      answers: { 200: ZoneNow },
    },
    async (ctx, { params }) => ok(found(await readZoneNow(ctx, params))),
  ),
  on.patch(
    '/{id}',
    {
      summary: 'Change a zone or its mode',
      description:
        'Outside the automatic mode nothing is regulated, and people may send commands. A change of the mode makes waiting commands void.',
      roles,
      params: IdPath,
      body: ZoneChange,
      ifMatch: true,
      answers: { 200: Zone },
      problems: ['unprocessable'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editZone(ctx, { id: params.id, version, change: body })).value),
  ),
]
