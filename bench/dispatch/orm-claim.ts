import { and, eq, sql } from 'drizzle-orm'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { couriers, orderEvents, orders } from '../../schema/dispatch/tables.ts'

/** Lock, look, change, record; the room of the courier is a condition of its update. */
export async function claimByOrm<Way extends PgQueryResultHKT>(
  db: PgDatabase<Way>,
  orderId: number,
  courierId: number,
): Promise<void> {
  await db.transaction(async (tx) => {
    const [order] = await tx
      .select()
      .from(orders)
      .where(and(eq(orders.id, orderId), eq(orders.status, 'new')))
      .for('update', { skipLocked: true })
    if (order === undefined) throw new Error('The order is taken')
    const carriers = await tx
      .update(couriers)
      .set({ heldBoxes: sql`${couriers.heldBoxes} + ${order.boxesCount}` })
      .where(
        and(
          eq(couriers.id, courierId),
          eq(couriers.available, true),
          sql`${couriers.heldBoxes} + ${order.boxesCount} <= ${couriers.capacityBoxes}`,
        ),
      )
      .returning()
    if (carriers.length === 0) throw new Error('The courier has no room')
    const [claimed] = await tx
      .update(orders)
      .set({
        status: 'assigned',
        courierId,
        assignedAt: sql`now()`,
        leaseExpiresAt: sql`now() + interval '120 s'`,
        fence: sql`${orders.fence} + 1`,
        version: sql`${orders.version} + 1`,
      })
      .where(eq(orders.id, orderId))
      .returning()
    await tx.insert(orderEvents).values({
      orderId,
      type: 'claimed',
      fromStatus: 'new',
      toStatus: 'assigned',
      actorRole: 'courier',
      actorId: String(courierId),
      courierId,
      fence: claimed?.fence ?? 0,
    })
  })
}
