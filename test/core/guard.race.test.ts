import { neonConfig } from '@neondatabase/serverless'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Ctx } from '../../functions/core/context.ts'
import { type Guarded, guard, guardSession } from '../../functions/core/guard.ts'
import { sent } from '../support/sent.ts'
import { crowd, eventually, kept, makeBarrier } from './barrier.ts'
import { failure, freshEnvironment, tally } from './environment.ts'

const { database, proxy, ctx } = await freshEnvironment()
const barrier = await makeBarrier(database)
await database.admin.query('create table swept (by_whom int)')
await database.admin.query('grant all on swept to lockstep_app')
const lock = 990_002
const sweep = (by: number) => sent`insert into swept values (${by})`

type Sweep = (ctx: Ctx, by: number) => Promise<Guarded<unknown>>
const overHttp: Sweep = (ctx, by) => guard(ctx, lock, [sweep(by), barrier.pass])
const inSession: Sweep = (ctx, by) =>
  guardSession(ctx, lock, async (tx) => {
    await tx.query(sweep(by))
    await tx.query(barrier.pass)
  })
/** A guard without its lock. */
const unguarded: Sweep = async (ctx, by) => ({
  ran: true,
  value: await ctx.db.batch([sweep(by), barrier.pass]),
})

const outcome = (run: Guarded<unknown>) => (run.ran ? 'ran' : run.reason)
const swept = async () => (await database.admin.query('select count(*)::int as n from swept')).rows[0].n

/** Twelve at once, held at the barrier while they are inside: how many are inside together, and what becomes of each. */
async function twelve(run: Sweep) {
  await barrier.close()
  const callers = crowd(12, (by) => run(ctx(), by))
  let inside = 0
  await eventually(async () => {
    inside = await barrier.waiting()
    return inside + callers.settled()
  }).toBe(12)
  await barrier.open()
  return { inside, outcomes: tally(kept(await callers.all).map(outcome)) }
}

beforeEach(() => database.admin.query('truncate swept'))
afterEach(() => proxy.faults.clear())

describe.each([
  ['over HTTP', overHttp],
  ['in a session', inSession],
])('a guard %s', (_name, run) => {
  it('runs one of twelve simultaneous jobs, and refuses the others at once', async () => {
    expect(await twelve(run)).toEqual({ inside: 1, outcomes: { ran: 1, busy: 11 } })
    expect(await swept()).toBe(1)
  })

  it('is free again after it ran', async () => {
    for (let round = 0; round < 3; round += 1) expect(await run(ctx(), round)).toMatchObject({ ran: true })
  })

  it('is freed at once when its holder dies, and leaves none of its work', async () => {
    await barrier.close()
    const dying = failure(run(ctx(), 1))
    await eventually(barrier.waiting).toBe(1)
    expect(await run(ctx(), 2)).toEqual({ ran: false, reason: 'busy' })
    await barrier.killWaiting()
    await dying
    await barrier.open()
    expect(await run(ctx(), 3)).toMatchObject({ ran: true })
    expect((await database.admin.query('select by_whom from swept')).rows).toEqual([{ by_whom: 3 }])
  })

  it('is freed when its work fails', async () => {
    await database.admin.query('alter table swept add constraint positive check (by_whom > 0)')
    expect(await failure(run(ctx(), -1))).toMatchObject({ sqlstate: '23514' })
    await database.admin.query('alter table swept drop constraint positive')
    expect(await run(ctx(), 1)).toMatchObject({ ran: true })
  })
})

it('runs the same twelve together without its lock: the check finds it', async () => {
  expect(await twelve(unguarded)).toEqual({ inside: 12, outcomes: { ran: 12 } })
  expect(await swept()).toBe(12)
})

describe('a lock with the id of a thing', () => {
  it('lets one caller in for each of three things, beside the job that has the number alone', async () => {
    const { inside, outcomes } = await twelve((ctx, by) =>
      guard(ctx, [lock, by % 3], [sweep(by), barrier.pass]),
    )
    expect([inside, outcomes]).toEqual([3, { ran: 3, busy: 9 }])
    const beside = await twelve((ctx, by) => guard(ctx, by < 6 ? lock : [lock, 0], [sweep(by), barrier.pass]))
    expect([beside.inside, beside.outcomes]).toEqual([2, { ran: 2, busy: 10 }])
  })
})

describe('a connection that is cut', () => {
  it.each([
    ['before', { reset: 1 }],
    ['while the work runs', { cutDuring: 1 }],
  ])('%s leaves nothing, and the lock free', async (_when, fault) => {
    await barrier.close()
    proxy.faults.set({ ...fault, times: 1 })
    expect(await failure(overHttp(ctx(), 1))).toMatchObject({ committed: 'unknown' })
    await eventually(barrier.waiting).toBe(0)
    await barrier.open()
    expect(await swept()).toBe(0)
    // The client learns of the cut before Postgres has ended the transaction.
    await eventually(async () => outcome(await overHttp(ctx(), 2))).toBe('ran')
  })

  it('after the commit leaves the work done, and the lock free', async () => {
    proxy.faults.set({ cutAfterCommit: 1, times: 1 })
    expect(await failure(overHttp(ctx(), 1))).toMatchObject({ committed: 'unknown' })
    expect(await swept()).toBe(1)
    expect(await overHttp(ctx(), 2)).toMatchObject({ ran: true })
  })

  it('frees the lock when the WebSocket of a session is cut', async () => {
    const sockets: WebSocket[] = []
    neonConfig.webSocketConstructor = class extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args)
        sockets.push(this)
      }
    }
    await barrier.close()
    const cut = failure(inSession(ctx(), 1))
    await eventually(barrier.waiting).toBe(1)
    for (const socket of sockets) socket.close()
    expect(await cut).toMatchObject({ sqlstate: null, committed: 'no' })
    await barrier.open()
    await eventually(async () => outcome(await inSession(ctx(), 2))).toBe('ran')
    expect((await database.admin.query('select by_whom from swept')).rows).toEqual([{ by_whom: 2 }])
  })
})
