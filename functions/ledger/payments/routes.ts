import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { AppError, orThrow, type Refused } from '../../core/errors.ts'
import { type Answer, at, created, type Endpoint, type Given, ok } from '../../http/endpoint.ts'
import { Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { bookkeepers, debitProblems, IdPath, Step, StepBecause, transitionProblems } from '../contract.ts'
import { NewPayment, Payment, PaymentFilter, type PaymentKind } from './contract.ts'
import { listPayments } from './list.ts'
import { readPayment } from './read.ts'
import { requestPayment } from './request.ts'
import { transitionPayment } from './transition.ts'

const base = '/v1/ledger/payments'
const on = at(base, 'ledger')

export const paymentsEndpoints: Endpoint[] = [
  request('deposit', 'Request a deposit: the account is credited when it completes'),
  request('withdrawal', 'Request a withdrawal and reserve its amount'),
  on.get(
    '',
    {
      summary: 'List payments, newest first',
      roles: bookkeepers,
      query: z.strictObject({ ...PaymentFilter, ...PageQuery }),
      answers: { 200: Page(Payment) },
    },
    async (ctx, { query: { userId = null, kind = null, status = null, limit, cursor } }) => {
      const before = cursorOf(z.string(), cursor)
      const payments = await listPayments(ctx, { userId, kind, status, before, limit: limit + 1 })
      return ok(page(payments, limit, ({ id }) => id))
    },
  ),
  on.get(
    '/{id}',
    {
      summary: 'Read a payment',
      roles: bookkeepers,
      params: IdPath,
      fixedByVersion: true,
      answers: { 200: Payment },
      problems: ['not_found'],
    },
    async (ctx, { params }) => {
      const payment = await readPayment(ctx, params.id)
      if (payment === null) throw new AppError('not_found', 'There is no such payment')
      return atStreamVersion(payment)
    },
  ),
  transition('complete', 'Complete a deposit or a withdrawal', Step, (ctx, id, body) =>
    transitionPayment(ctx, id, { do: 'complete', ...body }),
  ),
  transition('fail', 'Mark a requested deposit as failed', StepBecause, (ctx, id, body) =>
    transitionPayment(ctx, id, { do: 'fail', ...body }),
  ),
  transition('reject', 'Reject a withdrawal and release its amount', StepBecause, (ctx, id, body) =>
    transitionPayment(ctx, id, { do: 'reject', ...body }),
  ),
  transition('charge-back', 'Charge back a completed deposit', StepBecause, (ctx, id, body) =>
    transitionPayment(ctx, id, { do: 'charge-back', ...body }),
  ),
]

function request(kind: PaymentKind, summary: string): Endpoint {
  return on.post(
    `/${kind}s`,
    {
      summary,
      roles: bookkeepers,
      body: NewPayment,
      answers: { 201: Payment },
      problems: debitProblems,
    },
    async (ctx, { body }) => {
      const { value } = orThrow(await requestPayment(ctx, kind, body))
      return created(`${base}/${value.id}`, value, { version: value.streamVersion })
    },
  )
}

function transition<Body extends z.ZodType>(
  step: string,
  summary: string,
  schema: Body,
  apply: (ctx: Ctx, id: string, body: Given<Body>) => Promise<{ ok: true; value: Payment } | Refused>,
): Endpoint {
  return on.post(
    `/{id}/${step}`,
    {
      summary,
      roles: bookkeepers,
      params: IdPath,
      body: schema,
      answers: { 200: Payment },
      problems: [...transitionProblems, 'insufficient_funds'],
    },
    async (ctx, { params, body }) => atStreamVersion(orThrow(await apply(ctx, params.id, body)).value),
  )
}

/** The version of a payment is the version of its event stream. */
function atStreamVersion(payment: Payment): Answer {
  return ok(payment, { version: payment.streamVersion })
}
