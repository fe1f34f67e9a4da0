import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { AppError, orThrow, type Refused } from '../core/errors.ts'
import { type Answer, at, created, type Endpoint, type Given, ok } from '../http/endpoint.ts'
import { Page, PageQuery } from '../http/fields.ts'
import { cursorOf, encodeCursor, page } from '../http/page.ts'
import { openStream } from '../http/stream.ts'
import { noteAccount } from './accounts/note.ts'
import { readBalances, withExponent } from './accounts/read-balances.ts'
import { readBalancesAt } from './accounts/read-balances-at.ts'
import { readStatement } from './accounts/read-statement.ts'
import { listBets } from './bets/list.ts'
import { placeBet } from './bets/place.ts'
import { readBet } from './bets/read.ts'
import { readHistory } from './bets/read-history.ts'
import { moveBet } from './bets/transition.ts'
import * as wire from './contract.ts'
import { appendEvents } from './journal/append.ts'
import { readEvents } from './journal/read-events.ts'
import { tenantOf } from './journal/scope.ts'
import { listPayments } from './payments/list.ts'
import { readPayment } from './payments/read.ts'
import { requestPayment } from './payments/request.ts'
import { movePayment } from './payments/transition.ts'
import { readActivity } from './reports/read-activity.ts'
import { readSummary } from './reports/read-summary.ts'
import { readTopBets } from './reports/read-top-bets.ts'
import { transferMoney } from './transfers/transfer.ts'
import { listAlerts } from './upkeep/list-alerts.ts'
import { rebuildBooks } from './upkeep/rebuild-view.ts'
import { verifyBooks } from './upkeep/verify-view.ts'

const base = '/v1/ledger'
const on = at(base, 'ledger')
const bookkeepers = ['tenant', 'admin'] as const

type Problems = Endpoint['problems']
const stepProblems: Problems = [
  'not_found',
  'illegal_transition',
  'version_conflict',
  'quarantined',
  'hold_missing',
  'amount_out_of_range',
]
const takeProblems: Problems = ['insufficient_funds', 'quarantined', 'amount_out_of_range']
const eventStream = 'text/event-stream'
const batchLimitBytes = 8 * 1024 * 1024

export const ledgerEndpoints: Endpoint[] = [
  on.post(
    '/bets',
    {
      summary: 'Place a bet',
      description: 'Its stake is reserved until the bet ends.',
      roles: bookkeepers,
      body: wire.NewBet,
      answers: { 201: wire.Bet },
      problems: takeProblems,
    },
    async (ctx, { body }) => {
      const { value } = orThrow(await placeBet(ctx, body))
      return created(`${base}/bets/${value.id}`, value, { version: value.streamVersion })
    },
  ),
  on.get(
    '/bets',
    {
      summary: 'List bets, newest first',
      roles: bookkeepers,
      query: z.strictObject({ ...wire.BetFilter, ...PageQuery }),
      answers: { 200: Page(wire.Bet) },
    },
    async (ctx, { query: { userId = null, status = null, limit, cursor } }) => {
      const before = cursorOf(z.string(), cursor)
      const bets = await listBets(ctx, { userId, status, before, limit: limit + 1 })
      return ok(page(bets, limit, ({ id }) => id))
    },
  ),
  on.get(
    '/bets/{id}',
    {
      summary: 'Read a bet',
      roles: bookkeepers,
      params: wire.IdPath,
      answers: { 200: wire.Bet },
      problems: ['not_found'],
    },
    async (ctx, { params }) => standing(found(await readBet(ctx, params.id), 'bet')),
  ),
  on.get(
    '/bets/{id}/events',
    {
      summary: 'What happened to a bet, oldest first',
      roles: bookkeepers,
      params: wire.IdPath,
      query: z.strictObject(PageQuery),
      answers: { 200: Page(wire.StoredEvent) },
      problems: ['not_found'],
    },
    async (ctx, { params, query: { limit, cursor } }) => {
      const after = cursorOf(z.int(), cursor) ?? 0
      const events = found(await readHistory(ctx, { betId: params.id, after, limit: limit + 1 }), 'bet')
      return ok(page(events, limit, ({ streamVersion }) => streamVersion))
    },
  ),
  betStep('accept', 'Accept a bet', wire.Step, (ctx, id, body) =>
    moveBet(ctx, id, { do: 'accept', ...body }),
  ),
  betStep('reject', 'Reject a bet: the stake is released', wire.StepBecause, (ctx, id, body) =>
    moveBet(ctx, id, { do: 'reject', ...body }),
  ),
  betStep(
    'settle',
    'Settle an accepted bet as won or lost',
    wire.Settlement,
    (ctx, id, { outcome, payoutMinor, expectedVersion }) =>
      moveBet(ctx, id, {
        do: 'settle',
        expectedVersion,
        ...(outcome === 'won' ? { outcome, payoutMinor } : { outcome }),
      }),
  ),
  betStep('void', 'Void a bet: the stake is released', wire.StepBecause, (ctx, id, body) =>
    moveBet(ctx, id, { do: 'void', ...body }),
  ),
  betStep('cancel', 'Cancel a bet: the stake is released', wire.StepBecause, (ctx, id, body) =>
    moveBet(ctx, id, { do: 'cancel', ...body }),
  ),
  betStep('cash-out', 'Close an accepted bet early for a price', wire.CashOut, (ctx, id, body) =>
    moveBet(ctx, id, { do: 'cash-out', ...body }),
  ),

  paymentRequest('deposit', 'Begin a deposit: it counts once it is completed'),
  paymentRequest('withdrawal', 'Begin a withdrawal: its amount is reserved'),
  on.get(
    '/payments',
    {
      summary: 'List payments, newest first',
      roles: bookkeepers,
      query: z.strictObject({ ...wire.PaymentFilter, ...PageQuery }),
      answers: { 200: Page(wire.Payment) },
    },
    async (ctx, { query: { userId = null, kind = null, status = null, limit, cursor } }) => {
      const before = cursorOf(z.string(), cursor)
      const payments = await listPayments(ctx, { userId, kind, status, before, limit: limit + 1 })
      return ok(page(payments, limit, ({ id }) => id))
    },
  ),
  on.get(
    '/payments/{id}',
    {
      summary: 'Read a payment',
      roles: bookkeepers,
      params: wire.IdPath,
      answers: { 200: wire.Payment },
      problems: ['not_found'],
    },
    async (ctx, { params }) => standing(found(await readPayment(ctx, params.id), 'payment')),
  ),
  paymentStep('complete', 'Complete a deposit or a withdrawal', wire.Step, (ctx, id, body) =>
    movePayment(ctx, id, { do: 'complete', ...body }),
  ),
  paymentStep('fail', 'A requested deposit failed', wire.StepBecause, (ctx, id, body) =>
    movePayment(ctx, id, { do: 'fail', ...body }),
  ),
  paymentStep('reject', 'Reject a withdrawal: its amount is released', wire.StepBecause, (ctx, id, body) =>
    movePayment(ctx, id, { do: 'reject', ...body }),
  ),
  paymentStep('charge-back', 'A completed deposit is charged back', wire.StepBecause, (ctx, id, body) =>
    movePayment(ctx, id, { do: 'charge-back', ...body }),
  ),

  on.get(
    '/users/{userId}/balances',
    {
      summary: 'A user’s money, by currency',
      roles: bookkeepers,
      params: wire.UserPath,
      answers: { 200: z.object({ data: z.array(wire.Balance) }) },
    },
    async (ctx, { params }) => ok({ data: await readBalances(ctx, params.userId) }),
  ),
  on.get(
    '/users/{userId}/balances/at',
    {
      summary: 'A user’s money at a time',
      description: 'As it was recorded by then, or as it was in effect by then, whenever it was recorded.',
      roles: bookkeepers,
      params: wire.UserPath,
      query: wire.At,
      answers: { 200: z.object({ data: z.array(wire.BalanceThen) }) },
    },
    async (ctx, { params, query }) => ok({ data: await readBalancesAt(ctx, { ...params, ...query }) }),
  ),
  on.get(
    '/users/{userId}/statement',
    {
      summary: 'What moved an account, with the running balance',
      description:
        'A page may be short, even empty, and yet have a next one: what is still being written is not cut in two.',
      roles: bookkeepers,
      params: wire.UserPath,
      query: z.strictObject({ ...wire.StatementRange, ...PageQuery }),
      answers: { 200: Page(wire.Entry) },
    },
    async (ctx, { params, query: { currency, from = null, to = null, limit, cursor } }) => {
      const after = cursorOf(StandingAt, cursor)
      const asked = { ...params, currency, from, to, after, limit }
      const { entries, next } = await readStatement(ctx, asked)
      return ok({ data: entries, nextCursor: next && encodeCursor(next) })
    },
  ),
  on.get(
    '/users/{userId}/activity',
    {
      summary: 'What a user did, by currency',
      roles: bookkeepers,
      params: wire.UserPath,
      answers: { 200: wire.Activity },
    },
    async (ctx, { params }) => aged(ctx, await readActivity(ctx, params.userId)),
  ),
  accountNotice('allow-overdraft', 'Let charge-backs take an account below zero', bookkeepers),
  accountNotice('forbid-overdraft', 'Let nothing take an account below zero', bookkeepers),
  accountNotice('quarantine', 'Refuse debits of an account', ['admin']),
  accountNotice('clear', 'Lift a quarantine and close its alerts', ['admin']),

  on.post(
    '/transfers/batch',
    {
      summary: 'Move money between users, many times at once',
      description:
        'In order, each with what the ones before it left. Atomic: all or none; else each has its own result.',
      roles: bookkeepers,
      body: wire.TransferBatch,
      bodyLimitBytes: batchLimitBytes,
      answers: { 200: wire.TransferResults },
      problems: ['transfers_rejected', 'amount_out_of_range'],
    },
    async (ctx, { body }) => ok(orThrow(await transferMoney(ctx, body)).value),
  ),
  on.post(
    '/events',
    {
      summary: 'Append events as they are',
      description:
        'The whole batch or nothing. A key that was used before with the same event is a duplicate; versions, steps and accounts must come out sound.',
      roles: bookkeepers,
      body: wire.IncomingEvents,
      bodyLimitBytes: batchLimitBytes,
      answers: { 201: wire.Appended },
      problems: [...stepProblems, 'insufficient_funds', 'idempotency_key_reused'],
    },
    async (ctx, { body }) => created(`${base}/events`, orThrow(await appendEvents(ctx, body.events)).value),
  ),
  on.get(
    '/events',
    {
      summary: 'All events in reading order',
      description: [
        'Nothing is missed and nothing comes twice. `nextCursor` is where to go on, also when nothing is left yet. Asked for',
        'as `text/event-stream` it stays open: each `data:` is a StoredEvent, each `id:` a cursor, and `Last-Event-ID`, or',
        '`?after=` at first, resumes.',
      ].join(' '),
      roles: bookkeepers,
      query: z.strictObject({ ...wire.EventQuery, limit: PageQuery.limit }),
      answers: { 200: Page(wire.StoredEvent) },
      alsoAs: { [eventStream]: z.string() },
    },
    async (ctx, { query: { after = null, type = null, limit }, accept, lastEventId }) => {
      if (accept.includes(eventStream)) {
        const scope = type === null ? tenantOf(ctx) : `${tenantOf(ctx)}:${type}`
        return openStream(ctx, `ledger/${scope}`, lastEventId ?? after)
      }
      const data = await readEvents(ctx, { after, type, limit })
      return ok({ data, nextCursor: data.at(-1)?.cursor ?? after })
    },
  ),
  on.get(
    '/summary',
    {
      summary: 'What the tenant took and paid, by currency',
      roles: bookkeepers,
      answers: { 200: wire.Summary },
    },
    async (ctx) => aged(ctx, await readSummary(ctx)),
  ),
  on.get(
    '/top-bets',
    {
      summary: 'The highest stakes of the day, by currency',
      roles: bookkeepers,
      query: z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(10) }),
      answers: { 200: wire.TopBets },
    },
    async (ctx, { query }) => aged(ctx, await readTopBets(ctx, query.limit)),
  ),
  on.get(
    '/alerts',
    {
      summary: 'What does not hold in the books, newest first',
      roles: bookkeepers,
      query: z.strictObject({ open: z.enum(['true', 'false']).default('true'), ...PageQuery }),
      answers: { 200: Page(wire.Alert) },
    },
    async (ctx, { query: { open, limit, cursor } }) => {
      const before = cursorOf(z.int(), cursor)
      const alerts = await listAlerts(ctx, { open: open === 'true', before, limit: limit + 1 })
      return ok(page(alerts, limit, ({ id }) => id))
    },
  ),
  on.get(
    '/views/{view}/differences',
    {
      summary: 'Where a view differs from the fold of its events',
      description: 'A sample is drawn by lot and from the newest events; without it every row is compared.',
      roles: bookkeepers,
      params: wire.ViewPath,
      query: z.strictObject({ sample: z.coerce.number().int().min(1).max(100_000).optional() }),
      answers: { 200: z.object({ data: z.array(wire.ViewDifference) }) },
    },
    async (ctx, { params, query: { sample = null } }) =>
      ok({ data: await verifyBooks(ctx, { ...params, sample }) }),
  ),
  on.post(
    '/views/{view}/rebuild',
    {
      summary: 'Fold a view anew and mend what differs',
      description: 'Nobody who reads waits; the checksums are over the rows before and after.',
      roles: ['admin'],
      params: wire.ViewPath,
      answers: { 200: wire.RebuiltView },
    },
    async (ctx, { params }) => ok(await rebuildBooks(ctx, params.view)),
  ),
  on.get(
    '/currencies',
    {
      summary: 'Currencies and how many decimals their minor units are',
      roles: bookkeepers,
      answers: { 200: z.object({ data: z.array(wire.CurrencyInfo) }) },
    },
    async () => ok({ data: wire.currencies }),
  ),
]

const StandingAt = z.strictObject({
  xid: z.string().regex(/^\d{1,19}$/),
  seq: z.string().regex(/^\d{1,18}$/),
  balanceMinor: z.int(),
  reservedMinor: z.int(),
})

function betStep<Body extends z.ZodType>(
  step: string,
  summary: string,
  schema: Body,
  move: (ctx: Ctx, id: string, body: Given<Body>) => Promise<{ ok: true; value: wire.Bet } | Refused>,
): Endpoint {
  return on.post(
    `/bets/{id}/${step}`,
    {
      summary,
      roles: bookkeepers,
      params: wire.IdPath,
      body: schema,
      answers: { 200: wire.Bet },
      problems: stepProblems,
    },
    async (ctx, { params, body }) => standing(orThrow(await move(ctx, params.id, body)).value),
  )
}

function paymentStep<Body extends z.ZodType>(
  step: string,
  summary: string,
  schema: Body,
  move: (ctx: Ctx, id: string, body: Given<Body>) => Promise<{ ok: true; value: wire.Payment } | Refused>,
): Endpoint {
  return on.post(
    `/payments/{id}/${step}`,
    {
      summary,
      roles: bookkeepers,
      params: wire.IdPath,
      body: schema,
      answers: { 200: wire.Payment },
      problems: [...stepProblems, 'insufficient_funds'],
    },
    async (ctx, { params, body }) => standing(orThrow(await move(ctx, params.id, body)).value),
  )
}

function paymentRequest(kind: wire.PaymentKind, summary: string): Endpoint {
  return on.post(
    `/payments/${kind}s`,
    {
      summary,
      roles: bookkeepers,
      body: wire.NewPayment,
      answers: { 201: wire.Payment },
      problems: takeProblems,
    },
    async (ctx, { body }) => {
      const { value } = orThrow(await requestPayment(ctx, kind, body))
      return created(`${base}/payments/${value.id}`, value, { version: value.streamVersion })
    },
  )
}

function accountNotice(notice: wire.Notice, summary: string, roles: Endpoint['roles']): Endpoint {
  return on.post(
    `/users/{userId}/balances/{currency}/${notice}`,
    {
      summary,
      roles,
      params: wire.AccountPath,
      body: wire.Because,
      answers: { 200: wire.Balance },
      problems: ['not_found', 'conflict'],
    },
    async (ctx, { params, body }) =>
      ok(withExponent(orThrow(await noteAccount(ctx, { ...params, ...body, notice })).value)),
  )
}

/** Out of a materialized view: its age counts from when the view was read from its sources. */
function aged(ctx: Ctx, answer: wire.Aged): Answer {
  if (answer.asOf === null) return ok(answer)
  const seconds = Math.round((ctx.now().getTime() - Date.parse(answer.asOf)) / 1000)
  return ok(answer, { headers: { age: String(Math.max(0, seconds)) } })
}

/** A thing whose version is its stream's. */
function standing(thing: { streamVersion: number }): Answer {
  return ok(thing, { version: thing.streamVersion })
}

function found<T>(thing: T | null, what: string): T {
  if (thing === null) throw new AppError('not_found', `There is no such ${what}`)
  return thing
}
