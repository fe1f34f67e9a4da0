import * as z from 'zod'
import { at, type Endpoint, found, ok } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { IdCursor } from '../contract.ts'
import { acknowledgeAlert } from './acknowledge.ts'
import { AckAlert, Alert, AlertFilter } from './contract.ts'
import { listAlerts } from './list.ts'

const on = at('/v1/fleet/alerts', 'fleet')
const roles = ['tenant', 'admin'] as const

export const alertsEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'List alerts, newest first',
      description: 'One alert is open for each kind and subject. Alerts about cycles are for admins.',
      roles,
      query: z.strictObject({ ...AlertFilter, ...PageQuery }),
      answers: { 200: Page(Alert) },
    },
    async (ctx, { query: { open, limit, cursor } }) => {
      const [before = null] = cursorOf(IdCursor, cursor) ?? []
      const alerts = await listAlerts(ctx, {
        open: open === undefined ? null : open === 'true',
        before,
        limit: limit + 1,
      })
      return ok(page(alerts, limit, ({ id }) => [id]))
    },
  ),
  on.post(
    '/{id}/ack',
    {
      summary: 'Acknowledge an alert',
      description: 'The first acknowledgement stands. The alert stays open until its condition ends.',
      roles,
      params: IdPath,
      body: AckAlert,
      answers: { 200: Alert },
    },
    async (ctx, { params, body }) => ok(found(await acknowledgeAlert(ctx, { id: params.id, ack: body }))),
  ),
]
