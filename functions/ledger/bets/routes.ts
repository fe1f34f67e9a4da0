import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { AppError, orThrow, type Refused } from '../../core/errors.ts'
import { type Answer, at, created, type Endpoint, type Given, ok } from '../../http/endpoint.ts'
import { Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { bookkeepers, debitProblems, IdPath, Step, StepBecause, transitionProblems } from '../contract.ts'
import { StoredEvent } from '../journal/contract.ts'
import { Bet, BetFilter, CashOut, NewBet, Settlement } from './contract.ts'
import { listBets } from './list.ts'
import { placeBet } from './place.ts'
import { readBet } from './read.ts'
import { readHistory } from './read-history.ts'
import { transitionBet } from './transition.ts'

const base = '/v1/ledger/bets'
const on = at(base, 'ledger')

export const betsEndpoints: Endpoint[] = [
  on.post(
    '',
    {
      summary: 'Place a bet',
      description: 'The stake is reserved until the bet ends.',
      roles: bookkeepers,
      body: NewBet,
      answers: { 201: Bet },
      problems: debitProblems,
    },
    async (ctx, { body }) => {
      const { value } = orThrow(await placeBet(ctx, body))
      return created(`${base}/${value.id}`, value, { version: value.streamVersion })
    },
  ),
  on.get(
    '',
    {
      summary: 'List bets, newest first',
      roles: bookkeepers,
      query: z.strictObject({ ...BetFilter, ...PageQuery }),
      answers: { 200: Page(Bet) },
    },
    async (ctx, { query: { userId = null, status = null, limit, cursor } }) => {
      const before = cursorOf(z.string(), cursor)
      const bets = await listBets(ctx, { userId, status, before, limit: limit + 1 })
      return ok(page(bets, limit, ({ id }) => id))
    },
  ),
  on.get(
    '/{id}',
    {
      summary: 'Read a bet',
      roles: bookkeepers,
      params: IdPath,
      fixedByVersion: true,
      answers: { 200: Bet },
      problems: ['not_found'],
    },
    async (ctx, { params }) => atStreamVersion(found(await readBet(ctx, params.id))),
  ),
  on.get(
    '/{id}/events',
    {
      summary: 'List the events of a bet, oldest first',
      roles: bookkeepers,
      params: IdPath,
      query: z.strictObject(PageQuery),
      answers: { 200: Page(StoredEvent) },
      problems: ['not_found'],
    },
    async (ctx, { params, query: { limit, cursor } }) => {
      const after = cursorOf(z.int(), cursor) ?? 0
      const events = found(await readHistory(ctx, { betId: params.id, after, limit: limit + 1 }))
      return ok(page(events, limit, ({ streamVersion }) => streamVersion))
    },
  ),
  transition('accept', 'Accept a bet', Step, (ctx, id, body) =>
    transitionBet(ctx, id, { do: 'accept', ...body }),
  ),
  transition('reject', 'Reject a bet and release its stake', StepBecause, (ctx, id, body) =>
    transitionBet(ctx, id, { do: 'reject', ...body }),
  ),
  transition(
    'settle',
    'Settle an accepted bet as won or lost',
    Settlement,
    (ctx, id, { outcome, payoutMinor, expectedVersion }) =>
      transitionBet(ctx, id, {
        do: 'settle',
        expectedVersion,
        ...(outcome === 'won' ? { outcome, payoutMinor } : { outcome }),
      }),
  ),
  transition('void', 'Void a bet and release its stake', StepBecause, (ctx, id, body) =>
    transitionBet(ctx, id, { do: 'void', ...body }),
  ),
  transition('cancel', 'Cancel a bet and release its stake', StepBecause, (ctx, id, body) =>
    transitionBet(ctx, id, { do: 'cancel', ...body }),
  ),
  transition('cash-out', 'Close an accepted bet early at an agreed payout', CashOut, (ctx, id, body) =>
    transitionBet(ctx, id, { do: 'cash-out', ...body }),
  ),
]

function transition<Body extends z.ZodType>(
  step: string,
  summary: string,
  schema: Body,
  apply: (ctx: Ctx, id: string, body: Given<Body>) => Promise<{ ok: true; value: Bet } | Refused>,
): Endpoint {
  return on.post(
    `/{id}/${step}`,
    {
      summary,
      roles: bookkeepers,
      params: IdPath,
      body: schema,
      answers: { 200: Bet },
      problems: transitionProblems,
    },
    async (ctx, { params, body }) => atStreamVersion(orThrow(await apply(ctx, params.id, body)).value),
  )
}

/** The version of a bet is the version of its event stream. */
function atStreamVersion(bet: Bet): Answer {
  return ok(bet, { version: bet.streamVersion })
}

function found<T>(value: T | null): T {
  if (value === null) throw new AppError('not_found', 'There is no such bet')
  return value
}
