import * as z from 'zod'
import { at, type Endpoint, ok } from '../../http/endpoint.ts'
import { flag, Page, PageQuery, wholeWithin } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { bookkeepers } from '../contract.ts'
import { Alert, RebuiltView, ViewDifference, ViewPath } from './contract.ts'
import { listAlerts } from './list-alerts.ts'
import { rebuildLedgerView } from './rebuild-view.ts'
import { verifyLedgerView } from './verify-view.ts'

const on = at('/v1/ledger', 'ledger')

export const upkeepEndpoints: Endpoint[] = [
  on.get(
    '/alerts',
    {
      summary: 'List violated invariants, newest first',
      roles: bookkeepers,
      query: z.strictObject({ open: flag.default(true), ...PageQuery }),
      answers: { 200: Page(Alert) },
    },
    async (ctx, { query: { open, limit, cursor } }) => {
      const before = cursorOf(z.int(), cursor)
      const alerts = await listAlerts(ctx, { open, before, limit: limit + 1 })
      return ok(page(alerts, limit, ({ id }) => id))
    },
  ),
  on.get(
    '/views/{view}/differences',
    {
      summary: 'Compare a view with the fold of its events',
      description:
        'Every row is compared. With `sample`, that many random rows and the rows of the newest events are compared.',
      roles: bookkeepers,
      params: ViewPath,
      query: z.strictObject({ sample: wholeWithin(1, 100_000).optional() }),
      answers: { 200: z.object({ data: z.array(ViewDifference) }) },
    },
    async (ctx, { params, query: { sample = null } }) =>
      ok({ data: await verifyLedgerView(ctx, { ...params, sample }) }),
  ),
  on.post(
    '/views/{view}/rebuild',
    {
      summary: 'Rebuild a view from its events and repair the rows that differ',
      description: 'Readers do not wait. The checksums cover the rows before and after the rebuild.',
      roles: ['admin'],
      params: ViewPath,
      answers: { 200: RebuiltView },
    },
    async (ctx, { params }) => ok(await rebuildLedgerView(ctx, params.view)),
  ),
]
