import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { type Answer, at, type Endpoint, ok } from '../../http/endpoint.ts'
import { wholeWithin } from '../../http/fields.ts'
import { bookkeepers, UserPath } from '../contract.ts'
import { Activity, type Aged, Summary, TopBets } from './contract.ts'
import { readActivity } from './read-activity.ts'
import { readSummary } from './read-summary.ts'
import { readTopBets } from './read-top-bets.ts'

const on = at('/v1/ledger', 'ledger')

export const reportsEndpoints: Endpoint[] = [
  on.get(
    '/users/{userId}/activity',
    {
      summary: 'Read a user’s bets and payments in totals, one row per currency',
      roles: bookkeepers,
      params: UserPath,
      answers: { 200: Activity },
    },
    async (ctx, { params }) => aged(ctx, await readActivity(ctx, params.userId)),
  ),
  on.get(
    '/summary',
    {
      summary: 'Read the tenant’s totals, one row per currency',
      roles: bookkeepers,
      answers: { 200: Summary },
    },
    async (ctx) => aged(ctx, await readSummary(ctx)),
  ),
  on.get(
    '/top-bets',
    {
      summary: 'List the highest stakes of the day, by currency',
      description: 'Bets that are placed, accepted or won. `limit` counts the bets of each currency.',
      roles: bookkeepers,
      query: z.strictObject({ limit: wholeWithin(1, 1_000).default(10) }),
      answers: { 200: TopBets },
    },
    async (ctx, { query }) => aged(ctx, await readTopBets(ctx, query.limit)),
  ),
]

/** `Age` counts from the moment when the materialized view last read its sources. */
function aged(ctx: Ctx, report: Aged): Answer {
  if (report.asOf === null) return ok(report)
  const seconds = Math.round((ctx.now().getTime() - Date.parse(report.asOf)) / 1000)
  return ok(report, { headers: { age: String(Math.max(0, seconds)) } })
}
