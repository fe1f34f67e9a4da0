import * as z from 'zod'
import { orThrow } from '../../core/errors.ts'
import { at, created, type Endpoint, found, ok, versioned } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { IdCursor } from '../contract.ts'
import { addRegulator } from './add.ts'
import {
  NewRegulator,
  Regulator,
  RegulatorChange,
  RegulatorFilter,
  Simulate,
  Simulation,
} from './contract.ts'
import { editRegulator } from './edit.ts'
import { listRegulators } from './list.ts'
import { readRegulator } from './read.ts'
import { simulateRegulator } from './simulate.ts'

const base = '/v1/fleet/regulators'
const on = at(base, 'fleet')
const roles = ['tenant', 'admin'] as const

export const regulatorsEndpoints: Endpoint[] = [
  on.post(
    '',
    {
      summary: 'Add a regulator to a zone',
      description:
        'Every cycle it compares the newest value of the zone with the target, and orders a dose within its budgets. A zone has one for each metric and direction.',
      roles,
      body: NewRegulator,
      answers: { 201: Regulator },
      problems: ['not_found', 'conflict', 'unprocessable'],
    },
    async (ctx, { body }) => {
      const { value } = orThrow(await addRegulator(ctx, body))
      return created(`${base}/${value.id}`, value, { version: value.version })
    },
  ),
  on.get(
    '',
    {
      summary: 'List regulators',
      description: 'Regulators are sorted by id, in the order of their creation.',
      roles,
      query: z.strictObject({ ...RegulatorFilter, ...PageQuery }),
      answers: { 200: Page(Regulator) },
    },
    async (ctx, { query: { zone = null, limit, cursor } }) => {
      const [after = 0] = cursorOf(IdCursor, cursor) ?? []
      const regulators = await listRegulators(ctx, { zone, after, limit: limit + 1 })
      return ok(page(regulators, limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/{id}',
    { summary: 'Read a regulator, with its budgets', roles, params: IdPath, answers: { 200: Regulator } },
    async (ctx, { params }) => versioned(found(await readRegulator(ctx, params))),
  ),
  on.post(
    '/{id}/simulate',
    {
      summary: 'Simulate a change of a regulator over recorded minutes',
      description:
        'Decides each minute twice, with the regulator as it is and with the change, by the function of the cycle. It changes nothing.',
      roles,
      params: IdPath,
      body: Simulate,
      answers: { 200: Simulation },
    },
    async (ctx, { params, body }) =>
      ok(found(await simulateRegulator(ctx, { id: params.id, simulate: body }))),
  ),
  on.patch(
    '/{id}',
    {
      summary: 'Change a regulator',
      description:
        'Disabling it makes its commands void: nodes no longer get those that wait, and are ordered to switch off those that may run.',
      roles,
      params: IdPath,
      body: RegulatorChange,
      ifMatch: true,
      answers: { 200: Regulator },
      problems: ['unprocessable'],
    },
    async (ctx, { params, version, body }) =>
      versioned(orThrow(await editRegulator(ctx, { id: params.id, version, change: body })).value),
  ),
]
