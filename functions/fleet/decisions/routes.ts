import * as z from 'zod'
import { at, type Endpoint, found, ok } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { Decision, DecisionCursor, DecisionQuery } from './contract.ts'
import { listDecisions } from './list.ts'

const on = at('/v1/fleet', 'fleet')

export const decisionsEndpoints: Endpoint[] = [
  on.get(
    '/zones/{id}/decisions',
    {
      summary: 'Explain what the regulators of a zone did, or why they did nothing',
      description:
        'A decision is kept when its outcome or its thresholds differ from the one before, or when it dosed. It holds until the next one.',
      roles: ['tenant', 'admin'],
      params: IdPath,
      query: z.strictObject({ ...DecisionQuery, ...PageQuery }),
      answers: { 200: Page(Decision) },
    },
    async (ctx, { params, query: { at: moment = null, limit, cursor } }) => {
      const zone = { zoneId: params.id, at: moment }
      // One for each regulator of a zone, and they fit on a page.
      if (moment !== null)
        return ok({
          data: found(await listDecisions(ctx, { ...zone, before: null, limit: 200 })),
          nextCursor: null,
        })
      const before = cursorOf(DecisionCursor, cursor)
      const decisions = await listDecisions(ctx, { ...zone, before, limit: limit + 1 })
      return ok(page(found(decisions), limit, ({ at: made, regulatorId }) => [made, regulatorId]))
    },
  ),
]
