import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { faultsOf, shortFault, unstorable } from '../../core/faults.ts'
import { NewOrder } from './contract.ts'
import { type Created, createOrders, type OrderToCreate } from './create.ts'

type Bulk = {
  orders: unknown[]
  /** The store of the token; null for an admin, who names a store in each item. */
  ownStore: number | null
}

/** Creates the valid orders in one statement and answers a refusal for each invalid item. */
export async function createBulk(ctx: Ctx, { orders, ownStore }: Bulk): Promise<Created[]> {
  const decisions = orders.map((order) => validate(order, ownStore))
  const valid = decisions.flatMap((one) => (one.ok ? [one.order] : []))
  const created = (valid.length === 0 ? [] : await createOrders(ctx, valid)).values()
  return decisions.map((one) => (one.ok ? (created.next().value ?? unanswered()) : one))
}

/** The answer to a batch must not outgrow the batch. */
const mostFaultsOfAnItem = 5

function validate(sent: unknown, ownStore: number | null): { ok: true; order: OrderToCreate } | Refused {
  const fault = unstorable(sent)
  if (fault) return { ok: false, reason: 'validation_failed', errors: [shortFault(fault)] }
  const { success, data, error } = NewOrder.safeParse(sent)
  if (!success) {
    return { ok: false, reason: 'validation_failed', errors: faultsOf(error, { most: mostFaultsOfAnItem }) }
  }
  const storeId = ownStore ?? data.storeId
  if (storeId === undefined) {
    const errors = [{ path: 'storeId', message: 'Required from an admin' }]
    return { ok: false, reason: 'validation_failed', errors }
  }
  if (data.storeId !== undefined && data.storeId !== storeId)
    return { ok: false, reason: 'not_found', detail: 'There is no such store' }
  return { ok: true, order: { ...data, storeId } }
}

function unanswered(): never {
  throw new Error('The statement answered fewer orders than it received')
}
