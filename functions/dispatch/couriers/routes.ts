import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { AppError, orThrow } from '../../core/errors.ts'
import { at, callerId, created, type Endpoint, found, noContent, ok, versioned } from '../../http/endpoint.ts'
import { IdPath, Page, PageQuery } from '../../http/fields.ts'
import { cursorOf, page } from '../../http/page.ts'
import { IdCursor } from '../contract.ts'
import { ListedOrder, OrderCursor, OrderFilter } from '../orders/contract.ts'
import { listOrders } from '../orders/list.ts'
import { addCourier } from './add.ts'
import { Courier, CourierChange, NewCourier, Position } from './contract.ts'
import { editCourier } from './edit.ts'
import { listCouriers } from './list.ts'
import { readCourier } from './read.ts'
import { reportPosition } from './report-position.ts'

const base = '/v1/dispatch/couriers'
const on = at(base, 'dispatch')

export const couriersEndpoints: Endpoint[] = [
  on.post(
    '',
    {
      summary: 'Add a courier',
      roles: ['admin'],
      body: NewCourier,
      answers: { 201: Courier },
    },
    async (ctx, { body }) => {
      const courier = await addCourier(ctx, body)
      return created(`${base}/${courier.id}`, courier, { version: courier.version })
    },
  ),
  on.get(
    '',
    {
      summary: 'List couriers',
      description: 'Couriers are sorted by id, in the order of their creation.',
      roles: ['admin'],
      query: z.strictObject(PageQuery),
      answers: { 200: Page(Courier) },
    },
    async (ctx, { query: { limit, cursor } }) => {
      const [after = 0] = cursorOf(IdCursor, cursor) ?? []
      return ok(page(await listCouriers(ctx, { after, limit: limit + 1 }), limit, ({ id }) => [id]))
    },
  ),
  on.get(
    '/{id}',
    {
      summary: 'Read a courier',
      description: 'A courier can read only itself.',
      roles: ['admin', 'courier'],
      params: IdPath,
      answers: { 200: Courier },
    },
    async (ctx, { params }) => versioned(found(await readCourier(ctx, { id: ownCourier(ctx, params.id) }))),
  ),
  on.patch(
    '/{id}',
    {
      summary: 'Change a courier',
      description: 'A courier can change only its own availability.',
      roles: ['admin', 'courier'],
      params: IdPath,
      body: CourierChange,
      ifMatch: true,
      answers: { 200: Courier },
      problems: ['capacity_below_held'],
    },
    async (ctx, { params, version, body }) => {
      const id = ownCourier(ctx, params.id)
      if (ctx.principal?.role === 'courier') refuseAllBut(body, 'available')
      return versioned(orThrow(await editCourier(ctx, { id, version, change: body })).value)
    },
  ),
  on.put(
    '/{id}/position',
    {
      summary: 'Report the position of a courier',
      roles: ['courier', 'admin'],
      params: IdPath,
      body: Position,
      answers: { 204: null },
    },
    async (ctx, { params, body }) => {
      const reported = await reportPosition(ctx, { ...body, id: ownCourier(ctx, params.id) })
      if (!reported) throw new AppError('not_found')
      return noContent()
    },
  ),
  on.get(
    '/{id}/orders',
    {
      summary: 'List the orders of a courier, newest first',
      roles: ['admin', 'courier'],
      params: IdPath,
      query: z.strictObject({ ...OrderFilter, ...PageQuery }),
      answers: { 200: Page(ListedOrder) },
    },
    async (ctx, { params, query: { limit, cursor, status: statuses, ...filter } }) => {
      const courierId = ownCourier(ctx, params.id)
      const before = cursorOf(OrderCursor, cursor)
      const orders = await listOrders(ctx, { ...filter, statuses, courierId, before, limit: limit + 1 })
      return ok(page(orders, limit, ({ createdAt, id }) => [createdAt, id]))
    },
  ),
]

/** A courier gets 404 for any other courier, so that a token cannot probe for ids. */
function ownCourier(ctx: Ctx, id: number): number {
  if (ctx.principal?.role === 'courier' && callerId(ctx) !== id) throw new AppError('not_found')
  return id
}

function refuseAllBut(change: object, allowed: string): void {
  const others = Object.keys(change).filter((name) => name !== allowed)
  if (others.length === 0) return
  throw new AppError('forbidden', `A courier can change only: ${allowed}`, {
    errors: others.map((path) => ({ path, message: 'Only an admin can change this field' })),
  })
}
