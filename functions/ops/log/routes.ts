import * as z from 'zod'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { ActionCursor, ActionFilter, OperatorAction } from './contract.ts'
import { listActions } from './list.ts'

const on = at('/v1/ops/log', 'ops')

export const logEndpoints: Endpoint[] = [
  on.get(
    '',
    {
      summary: 'List what operators did here and why, newest first',
      description:
        'Jobs run by hand, pauses, cancellations, replays, acknowledgements, silences, switched regulators and activated rules. Entries are never changed.',
      roles: ['admin'],
      query: z.strictObject({ ...ActionFilter, ...PageQuery }),
      answers: { 200: Page(OperatorAction) },
    },
    async (ctx, { query: { by = null, action = null, subject = null, limit, cursor } }) => {
      const [before = null] = cursorOf(ActionCursor, cursor) ?? []
      const actions = await listActions(ctx, { by, action, subject, before, limit: limit + 1 })
      return ok(page(actions, limit, ({ id }) => [id]))
    },
  ),
]
