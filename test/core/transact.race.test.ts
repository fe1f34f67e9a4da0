import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Isolation, Tx } from '../../functions/core/db.ts'
import { transact, transactBatch } from '../../functions/core/transact.ts'
import { sent } from '../support/sent.ts'
import { crowd, kept } from './barrier.ts'
import { failure, freshEnvironment, times } from './environment.ts'

const { database, proxy, ctx } = await freshEnvironment()
await database.admin.query(`
  create table accounts (id int primary key, balance int not null);
  create table tries (at int generated always as identity);
  grant all on accounts, tries to lockstep_app;
  create function fail_as(state text) returns void language plpgsql as $$
  begin raise exception using errcode = state, message = 'on purpose'; end $$`)

beforeEach(() => database.admin.query('truncate accounts; insert into accounts values (1, 100), (2, 100)'))
afterEach(() => proxy.faults.clear())

const balances = async () =>
  (await database.admin.query('select balance from accounts order by id')).rows.map((row) => row.balance)

/** Reads in one statement and writes in another what it thinks follows. */
async function readThenAdd(tx: Tx, amount: number): Promise<void> {
  const [row] = await tx.query<{ balance: number }>(sent`select balance from accounts where id = 1`)
  await tx.query(sent`update accounts set balance = ${(row?.balance ?? 0) + amount} where id = 1`)
}

/** Both have read before either writes, each once; later tries go straight on. */
function together(parties: number) {
  let arrived = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  return async () => {
    arrived += 1
    if (arrived >= parties) resolve()
    await promise
  }
}

/** Two who may each take 150 as long as both accounts hold 200 together: only one may. */
async function bothTake(isolation: Isolation) {
  const bothHaveRead = together(2)
  let runs = 0
  const take = (id: number) =>
    transact(
      ctx(),
      async (tx) => {
        runs += 1
        const [row] = await tx.query<{ sum: string }>(sent`select sum(balance) as sum from accounts`)
        await bothHaveRead()
        if (Number(row?.sum) < 200) return 'refused'
        await tx.query(sent`update accounts set balance = balance - 150 where id = ${id}`)
        return 'took'
      },
      { isolation },
    )
  const outcomes = await Promise.all([take(1), take(2)])
  return { outcomes: outcomes.sort(), runs, sum: (await balances()).reduce((a, b) => a + b) }
}

describe('transact', () => {
  it('serializes two transactions of which only one may succeed: one does', async () => {
    expect(await bothTake('Serializable')).toEqual({ outcomes: ['refused', 'took'], runs: 3, sum: 50 })
  })

  it('lets both succeed at a weaker isolation level: the check finds it', async () => {
    expect(await bothTake('RepeatableRead')).toMatchObject({ outcomes: ['took', 'took'], sum: -100 })
  })

  it('loses no update of eight callers that read and then write, five times each', async () => {
    await times(8, async () => {
      for (let round = 0; round < 5; round += 1)
        await transact(ctx(), (tx) => readThenAdd(tx, 1), {
          isolation: 'RepeatableRead',
          attempts: 100,
          pauseMs: 1,
        })
    })
    expect(await balances()).toEqual([140, 100])
  })

  it('loses some at read committed: the check finds it', async () => {
    const bothHaveRead = together(2)
    await times(2, () =>
      transact(
        ctx(),
        async (tx) => {
          const [row] = await tx.query<{ balance: number }>(sent`select balance from accounts where id = 1`)
          await bothHaveRead()
          await tx.query(sent`update accounts set balance = ${(row?.balance ?? 0) + 1} where id = 1`)
        },
        { isolation: 'ReadCommitted' },
      ),
    )
    expect(await balances()).toEqual([101, 100])
  })

  it.each(['40001', '40P01'])(
    'repeats after %s at most as often as it may, and then throws it',
    async (state) => {
      let runs = 0
      const always = transact(
        ctx(),
        async (tx) => {
          runs += 1
          await tx.query(sent`select fail_as(${state})`)
        },
        { attempts: 4, pauseMs: 1 },
      )
      expect(await failure(always)).toMatchObject({ sqlstate: state, committed: 'no' })
      expect(runs).toBe(4)
    },
  )

  it.each(['23505', '57014', '55P03', 'P0001'])('never repeats after %s', async (state) => {
    let runs = 0
    const once = transact(ctx(), async (tx) => {
      runs += 1
      await tx.query(sent`select fail_as(${state})`)
    })
    expect(await failure(once)).toMatchObject({ sqlstate: state })
    expect(runs).toBe(1)
  })

  it('never repeats work that threw an error of its own', async () => {
    let runs = 0
    const once = transact(ctx(), async () => {
      runs += 1
      throw new Error('no')
    })
    expect(await failure(once)).toEqual(new Error('no'))
    expect(runs).toBe(1)
  })

  it('resolves a deadlock, so that both transactions commit', async () => {
    const bothHold = together(2)
    const move = (from: number, to: number) =>
      transact(
        ctx(),
        async (tx) => {
          await tx.query(sent`update accounts set balance = balance - 10 where id = ${from}`)
          await bothHold()
          await tx.query(sent`update accounts set balance = balance + 10 where id = ${to}`)
        },
        { isolation: 'ReadCommitted' },
      )
    kept(await crowd(2, (at) => move(at + 1, 2 - at)).all)
    expect(await balances()).toEqual([100, 100])
  })

  it('reports a connection lost at commit as unknown and does not repeat it; the work is committed once', async () => {
    proxy.faults.set({ cutAfterCommit: 1, times: 1 })
    let runs = 0
    const lost = transact(ctx(), async (tx) => {
      runs += 1
      await tx.query(sent`update accounts set balance = balance + 1 where id = 1`)
    })
    expect(await failure(lost)).toMatchObject({ sqlstate: null, committed: 'unknown' })
    expect(runs).toBe(1)
    expect(await balances()).toEqual([101, 100])
  })

  it('leaves nothing when its connection dies before the commit', async () => {
    const dying = transact(ctx(), async (tx) => {
      await tx.query(sent`update accounts set balance = 0`)
      const [me] = await tx.query<{ pid: number }>(sent`select pg_backend_pid() as pid`)
      await database.admin.query('select pg_terminate_backend($1)', [me?.pid])
    })
    expect(await failure(dying)).toMatchObject({ name: 'DatabaseError' })
    expect(await balances()).toEqual([100, 100])
  })

  it('pauses between attempts for a random time whose limit doubles each time', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    onTestFinished(() => set.mockRestore())
    const pauses = async (random: () => number) => {
      set.mockClear()
      const always = transactBatch(ctx(), [sent`select fail_as('40001')`], {
        attempts: 4,
        pauseMs: 41,
        random,
      })
      await failure(always)
      // Others set timers, too, but none of these lengths.
      return set.mock.calls.map(([, ms]) => ms).filter((ms) => [20.5, 41, 82, 164].includes(ms ?? 0))
    }
    expect(await pauses(() => 1)).toEqual([41, 82, 164])
    expect(await pauses(() => 0.5)).toEqual([20.5, 41, 82])
  })
})

describe('transactBatch', () => {
  it('takes one round trip, and one more for each repetition', async () => {
    const calm = ctx()
    await transactBatch(calm, [sent`select 1`, sent`select 2`])
    expect(calm.metrics.trips).toBe(1)
    const contended = ctx()
    await failure(transactBatch(contended, [sent`select fail_as('40001')`], { attempts: 3, pauseMs: 1 }))
    expect(contended.metrics.trips).toBe(3)
  })

  it('keeps all of ten simultaneous additions, serializable', async () => {
    await times(10, () =>
      transactBatch(
        ctx(),
        [sent`update accounts set balance = balance + (select min(id) from accounts) where id = 1`],
        {
          attempts: 50,
          pauseMs: 2,
        },
      ),
    )
    expect(await balances()).toEqual([110, 100])
  })
})
