import { beforeEach, describe, expect, it } from 'vitest'
import { orNotRun, takeLock } from '../../functions/core/guard.ts'
import type { Statement } from '../../functions/core/named.ts'
import { slotOf, takeSlot } from '../../functions/core/once.ts'
import { sent } from '../support/sent.ts'
import { crowd, eventually, kept, makeBarrier } from './barrier.ts'
import { failure, freshEnvironment, tally, times } from './environment.ts'

const { database, ctx } = await freshEnvironment()
const barrier = await makeBarrier(database)
await database.admin.query('create table done (slot timestamptz, check (extract(second from slot) = 0))')
await database.admin.query('grant all on done to lockstep_app')
const first = new Date('2026-11-20T10:00:00Z')
const work = (slot: Date) => sent`insert into done values (${slot.toISOString()})`

beforeEach(() => database.admin.query('truncate done, core.job_slots'))

const run = (statements: Statement[]) => orNotRun(() => ctx().db.batch(statements))
const slotOnly = (slot: Date) => [takeSlot('sample', slot), work(slot)]
const lockAndSlot = (slot: Date) => [takeLock(990_003), takeSlot('sample', slot), work(slot)]
/** A guard without a slot. */
const lockOnly = (slot: Date) => [takeLock(990_003), work(slot)]

/** Twenty slots, each fired six times by as many callers: how often each was done. */
async function fire(statements: (slot: Date) => Statement[]) {
  for (let minute = 0; minute < 20; minute += 1) {
    const slot = new Date(first.getTime() + minute * 60_000)
    await times(6, () => run(statements(slot)))
  }
  const { rows } = await database.admin.query('select count(*)::int as n from done group by slot')
  return tally(rows.map(({ n }) => n))
}

describe('a slot', () => {
  it('fired by six at once is done once, twenty times', async () => {
    expect(await fire(slotOnly)).toEqual({ 1: 20 })
  })

  it('is done once under a lock, too', async () => {
    expect(await fire(lockAndSlot)).toEqual({ 1: 20 })
  })

  it.each([
    ['once under a slot', slotOnly, 1],
    ['twice under a lock alone, which stops overlap and not repetition', lockOnly, 2],
  ])('fired by two in turn is done %s', async (_, statements, done) => {
    await run(statements(first))
    await run(statements(first))
    expect((await database.admin.query('select slot from done')).rowCount).toBe(done)
  })

  it('is left by a run that fails to the one that waits for it', async () => {
    await barrier.close()
    const failing = failure(ctx().db.batch([takeSlot('sample', first), barrier.pass, sent`select 1 / 0`]))
    await eventually(barrier.waiting).toBe(1)
    const second = crowd(1, () => run(slotOnly(first)))
    await barrier.open()
    await failing
    expect(kept(await second.all)).toMatchObject([{ ran: true }])
    expect((await database.admin.query('select slot from done')).rows).toEqual([{ slot: first }])
  })

  it('is left open by a run whose connection dies', async () => {
    await barrier.close()
    const dying = failure(ctx().db.batch([takeSlot('sample', first), work(first), barrier.pass]))
    await eventually(barrier.waiting).toBe(1)
    await barrier.killWaiting()
    await dying
    await barrier.open()
    expect(await run(slotOnly(first))).toMatchObject({ ran: true })
    expect((await database.admin.query('select count(*)::int as n from done')).rows).toEqual([{ n: 1 }])
  })

  it('of one job is not the slot of another', async () => {
    await run([takeSlot('one', first), work(first)])
    expect(await run([takeSlot('other', first), work(first)])).toMatchObject({ ran: true })
  })
})

describe('slotOf', () => {
  it('is the scheduled minute of a tick that comes late within it', () => {
    for (const at of ['10:00:00.000', '10:00:07.250', '10:00:59.999'])
      expect(slotOf(Date.parse(`2026-11-20T${at}Z`))).toEqual(first)
    expect(slotOf(Date.parse('2026-11-20T10:01:00.000Z'))).not.toEqual(first)
  })
})
