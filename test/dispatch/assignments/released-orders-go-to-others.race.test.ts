import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Db } from '../../../functions/core/db.ts'
import { assignOrders } from '../../../functions/dispatch/assignments/assign-many.ts'
import { claimOrder } from '../../../functions/dispatch/assignments/claim.ts'
import { claimNextOrder } from '../../../functions/dispatch/assignments/claim-next.ts'
import { declineOrder } from '../../../functions/dispatch/assignments/decline.ts'
import { letLocksWait } from '../../core/barrier.ts'
import { freshDatabase } from '../../support/database.ts'
import { defectiveDb } from '../../support/defective-db.ts'
import { freshProxy } from '../../support/proxy.ts'
import { soon } from '../../support/soon.ts'
import { contextsOf } from '../support/context.ts'
import { asAdmin, asCourier, givenCourier, givenOrder, givenStore } from '../support/given.ts'
import { broken } from '../support/invariants.ts'

/*
 * A courier claims an order and gives it back between a statement's snapshot and its lock. The order is new in both, but
 * the exclusion is in another table, which the statement reads by its old snapshot.
 */
const database = await freshDatabase()
await letLocksWait(database)
const admin = database.admin
const as = contextsOf(database, await freshProxy(database))
const storeId = await givenStore(admin)
const gate = 4711
await admin.query(`
  create function public.pause() returns boolean language plpgsql as $$
  begin
    perform pg_advisory_xact_lock_shared(${gate});
    return true;
  end $$`)

const searches = /(from dispatch\.orders o\s+where )(o\.status = 'new'|\(select available from me\))/
const pausing = (more: (text: string) => string = (text) => text) =>
  defectiveDb(database, { max: 2, defect: (text) => more(text.replace(searches, '$1public.pause() and $2')) })
const paused = pausing()
const trusting = pausing((text) => text.replace(/and wanted\.version = \(select[^)]+\)/, ''))

/** Runs `between` after the statement has its snapshot and before it locks a row. */
async function inBetween<T>(run: () => Promise<T>, between: () => Promise<unknown>): Promise<T> {
  const keeper = await database.connect()
  await keeper.query('begin')
  await keeper.query('select pg_advisory_xact_lock($1)', [gate])
  const running = run()
  const waits = `select from pg_locks where locktype = 'advisory' and objid = ${gate} and not granted
    and database = (select oid from pg_database where datname = current_database())`
  await vi.waitUntil(async () => (await admin.query(waits)).rowCount, soon)
  await between()
  await keeper.query('commit')
  return running
}

async function claimAndDecline(orderId: number, courierId: number): Promise<void> {
  const ctx = as(asCourier(courierId))
  expect(await claimOrder(ctx, { orderId, courierId })).toMatchObject({ ok: true })
  expect(await declineOrder(ctx, { orderId, courierId, fence: 1, reason: 'too far' })).toMatchObject({
    ok: true,
  })
}

async function assignMeanwhile(db: Db) {
  const [near, far] = [
    await givenCourier(admin, { at: [51.5, -0.1] }),
    await givenCourier(admin, { at: [51.6, -0.1] }),
  ]
  const orderId = await givenOrder(admin, { storeId, at: [51.5, -0.1] })
  const ctx = Object.assign(as(asAdmin), { db })
  const [answer] = await inBetween(
    () => assignOrders(ctx, { orderIds: [orderId], limit: 1, courierIds: [near, far] }),
    () => claimAndDecline(orderId, near),
  )
  const found = await broken(admin, [orderId])
  return { givenTo: answer?.ok === true && answer.courierId === near ? 'near' : 'far', found }
}

describe('an order that is given back during a bulk assignment', () => {
  it('goes to another courier', async () => {
    expect(await assignMeanwhile(paused)).toEqual({ givenTo: 'far', found: [] })
  })

  it('would return to its courier if the plan used the snapshot of the statement', async () => {
    const plan = 'function dispatch.plan_assignments'
    await admin.query(`alter ${plan} stable`)
    onTestFinished(async () => void (await admin.query(`alter ${plan} volatile`)))
    const { givenTo, found } = await assignMeanwhile(paused)
    expect(givenTo).toBe('near')
    expect(found.join()).toContain('follows its exclusion')
  })
})

/** A courier of a smaller capacity can carry none of the orders that an earlier run left. */
async function claimNextMeanwhile(db: Db, capacity: number) {
  const courierId = await givenCourier(admin, { capacity })
  const orderId = await givenOrder(admin, { storeId, boxes: capacity })
  const ctx = Object.assign(as(asCourier(courierId)), { db })
  const next = await inBetween(
    () => claimNextOrder(ctx, { courierId }),
    () => claimAndDecline(orderId, courierId),
  )
  const found = await broken(admin, [orderId])
  return { cameBack: next.ok && next.order?.id === orderId, found }
}

describe('an order that its courier gives back during its own claim-next', () => {
  it('does not return to that courier', async () => {
    expect(await claimNextMeanwhile(paused, 8)).toEqual({ cameBack: false, found: [] })
  })

  it('would return if the statement trusted its snapshot', async () => {
    const { cameBack, found } = await claimNextMeanwhile(trusting, 2)
    expect(cameBack).toBe(true)
    expect(found.join()).toContain('follows its exclusion')
  })
})
