import type { SQL } from 'drizzle-orm'
import type { Principal } from '../core/context.ts'
import { acceptStatement } from './assignments/accept.ts'
import { claimStatement } from './assignments/claim.ts'
import { claimNextStatement } from './assignments/claim-next.ts'
import { createStatement } from './orders/create.ts'
import { deliverStatement } from './orders/deliver.ts'
import { listStatement } from './orders/list.ts'
import { pickUpStatement } from './orders/pickup.ts'
import { readStatement } from './orders/read.ts'

const store: Principal = { role: 'store', sub: '1', id: 1 }
const courier: Principal = { role: 'courier', sub: '1', id: 1 }
const admin: Principal = { role: 'admin', sub: '1', tenantId: null }
const firstPage = {
  statuses: ['new'],
  storeId: null,
  courierId: null,
  since: null,
  before: null,
  limit: 50,
} as const
const held = { orderId: 1, courierId: 1, fence: 1 }

/** The statements that the migrations make functions from. Their values do not matter: each value is a parameter. */
export const hotStatements: SQL[] = [
  createStatement(store, []),
  claimStatement(courier, { orderId: 1, courierId: 1 }),
  claimNextStatement(courier, { courierId: 1, accept: false, from: 0 }),
  acceptStatement(courier, held),
  pickUpStatement(courier, held),
  deliverStatement(courier, held),
  readStatement(store, { orderId: 1 }),
  readStatement(courier, { orderId: 1 }),
  readStatement(admin, { orderId: 1 }),
  // First pages of one status; that of available orders is the same text for couriers. Other filters are sent as text,
  // because each would be a function that every session keeps.
  listStatement(admin, firstPage),
  listStatement(store, firstPage),
]
