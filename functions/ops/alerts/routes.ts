import * as z from 'zod'
import { AppError } from '../../core/errors.ts'
import type { Rule } from '../../core/watch.ts'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { tuneRules } from '../rules/tune.ts'
import { acknowledgeAlert } from './acknowledge.ts'
import { AckAlert, Alert, AlertCursor, AlertFilter } from './contract.ts'
import { listAlerts } from './list.ts'

const on = at('/v1/ops/alerts', 'ops')

/** `rules` are those of all rows. */
export function alertsEndpoints(rules: readonly Rule[]): Endpoint[] {
  return [
    on.get(
      '',
      {
        summary: 'List alerts, newest first',
        description:
          'One alert is open for each rule and thing. Webhooks of admins receive `alert.fired`, `alert.escalated`, `alert.repeated`, `alert.unknown` and `alert.resolved`.',
        roles: ['admin'],
        query: z.strictObject({ ...AlertFilter, ...PageQuery }),
        answers: { 200: Page(Alert) },
      },
      async (ctx, { query: { state = null, rule = null, limit, cursor } }) => {
        const [before = null] = cursorOf(AlertCursor, cursor) ?? []
        const alerts = await listAlerts(ctx, tuneRules(ctx, rules), { state, rule, before, limit: limit + 1 })
        return ok(page(alerts, limit, ({ id }) => [id]))
      },
    ),
    on.post(
      '/{id}/acknowledge',
      {
        summary: 'Acknowledge an alert: it is no longer repeated every four hours',
        description: 'The first acknowledgement stands. The alert stays open until its condition ends.',
        roles: ['admin'],
        params: IdPath,
        body: AckAlert,
        answers: { 200: Alert },
        problems: ['not_found', 'conflict'],
      },
      async (ctx, { params, body }) => {
        const outcome = await acknowledgeAlert(ctx, tuneRules(ctx, rules), { id: params.id, ack: body })
        if (outcome.ok) return ok(outcome.alert)
        if (outcome.reason === 'ended') throw new AppError('conflict', 'The alert has ended')
        throw new AppError('not_found', 'No alert has this id; see GET /v1/ops/alerts')
      },
    ),
  ]
}
