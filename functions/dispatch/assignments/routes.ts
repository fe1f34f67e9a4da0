import * as z from 'zod'
import { orThrow } from '../../core/errors.ts'
import { at, callerId, type Endpoint, found, noContent, ok, versioned } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { IdCursor } from '../contract.ts'
import { Order, Step } from '../orders/contract.ts'
import { showOutcome } from '../orders/show-outcome.ts'
import { acceptOrder } from './accept.ts'
import { assignOrder } from './assign.ts'
import { assignOrders } from './assign-many.ts'
import { claimOrder } from './claim.ts'
import { claimNextOrder } from './claim-next.ts'
import { Assignment, AssignmentAnswer, Assignments, Claim, GiveBack, LostClaim } from './contract.ts'
import { declineOrder } from './decline.ts'
import { listLost } from './list-lost.ts'
import { releaseOrder } from './release.ts'

const on = at('/v1/dispatch', 'dispatch')
/** Why a courier can lose an order between its assignment and its next step. */
const lost = ['illegal_transition', 'stale_fence', 'order_busy', 'lease_expired'] as const

export const assignmentsEndpoints: Endpoint[] = [
  on.post(
    '/orders/claim-next',
    {
      summary: 'Claim the best available order',
      description: [
        'Assigns the order nearest to the courier’s last position, or the oldest order if the position is unknown.',
        'The answer is 204 if the courier can carry none of the available orders. An order with an expired lease is available.',
        'With `accept` the order is accepted at once: one event `claimed` leads from `new` to `accepted`.',
      ].join(' '),
      roles: ['courier'],
      body: Claim,
      answers: { 200: Order, 204: null },
      problems: ['courier_unavailable', 'order_busy'],
    },
    async (ctx, { body }) => {
      const { order } = orThrow(await claimNextOrder(ctx, { ...body, courierId: callerId(ctx) }))
      return order === null ? noContent() : versioned(order)
    },
  ),
  on.post(
    '/orders/{id}/claim',
    {
      summary: 'Claim an order',
      description: [
        'Exactly one of many concurrent claims wins. The winner that repeats its claim gets the same order and lease.',
        'Accept the order before its lease expires; otherwise it becomes available again.',
        'With `accept` the order is accepted at once: one event `claimed` leads from `new` to `accepted`.',
        'An order that the courier holds without having accepted it needs `POST …/accept`.',
      ].join(' '),
      roles: ['courier'],
      params: IdPath,
      body: Claim,
      answers: { 200: Order },
      problems: [
        'order_taken',
        'courier_at_capacity',
        'courier_unavailable',
        'excluded',
        'order_busy',
        'illegal_transition',
      ],
    },
    async (ctx, { params, body }) => {
      const claim = { ...body, orderId: params.id, courierId: callerId(ctx) }
      return versioned(orThrow(await claimOrder(ctx, claim)).order)
    },
  ),
  on.get(
    '/orders/{id}/lost-claims',
    {
      summary: 'List the couriers whose claim of an order came too late',
      roles: ['admin', 'store'],
      params: IdPath,
      query: z.strictObject(PageQuery),
      answers: { 200: Page(LostClaim) },
    },
    async (ctx, { params, query: { limit, cursor } }) => {
      const [after = 0] = cursorOf(IdCursor, cursor) ?? []
      const lost = found(await listLost(ctx, { orderId: params.id, after, limit: limit + 1 }))
      return ok(page(lost, limit, ({ courierId }) => [courierId]))
    },
  ),
  on.post(
    '/orders/{id}/accept',
    {
      summary: 'Accept an assigned order',
      description: 'Ends the lease, so the order no longer becomes available again by expiry.',
      roles: ['courier'],
      params: IdPath,
      body: Step,
      answers: { 200: Order },
      problems: lost,
    },
    async (ctx, { params, body }) => {
      const held = { ...body, orderId: params.id, courierId: callerId(ctx) }
      return versioned(orThrow(await acceptOrder(ctx, held)).order)
    },
  ),
  on.post(
    '/orders/{id}/decline',
    {
      summary: 'Decline an assigned order',
      description: 'The order becomes available to other couriers. This courier cannot claim it again.',
      roles: ['courier'],
      params: IdPath,
      body: GiveBack,
      answers: { 200: Order },
      problems: lost,
    },
    async (ctx, { params, body }) => {
      const held = { ...body, orderId: params.id, courierId: callerId(ctx) }
      return versioned(orThrow(await declineOrder(ctx, held)).order)
    },
  ),
  on.post(
    '/orders/{id}/release',
    {
      summary: 'Release an assigned or accepted order before pickup',
      description: 'The order becomes available to other couriers. This courier cannot claim it again.',
      roles: ['courier'],
      params: IdPath,
      body: GiveBack,
      answers: { 200: Order },
      problems: lost,
    },
    async (ctx, { params, body }) => {
      const held = { ...body, orderId: params.id, courierId: callerId(ctx) }
      return versioned(orThrow(await releaseOrder(ctx, held)).order)
    },
  ),
  on.post(
    '/orders/{id}/assign',
    {
      summary: 'Assign or reassign an order to a courier',
      description: [
        'Possible until the boxes are picked up. The new courier must still accept the order.',
        'A reassignment invalidates the fence of the former courier.',
      ].join(' '),
      roles: ['admin'],
      params: IdPath,
      body: Assignment,
      answers: { 200: Order },
      problems: [
        'illegal_transition',
        'order_busy',
        'order_taken',
        'excluded',
        'courier_unavailable',
        'courier_at_capacity',
      ],
    },
    async (ctx, { params, body }) =>
      versioned(orThrow(await assignOrder(ctx, { ...body, orderId: params.id })).order),
  ),
  on.post(
    '/assignments',
    {
      summary: 'Assign many orders to available couriers by distance and load',
      description:
        'One statement decides for all orders. The answer names a courier, or the reason why none was found, for each order.',
      roles: ['admin'],
      body: Assignments,
      answers: { 200: z.object({ data: z.array(AssignmentAnswer) }) },
    },
    async (ctx, { body: { orderIds = null, limit, courierIds = null } }) => {
      const outcomes = await assignOrders(ctx, { orderIds, limit, courierIds })
      return ok({ data: outcomes.map(({ orderId, ...outcome }) => ({ orderId, ...showOutcome(outcome) })) })
    },
  ),
]
