import { beforeAll, describe, expect, it, vi } from 'vitest'
import { readConnections } from '../../../functions/ops/connections/read.ts'
import { cancelStatement } from '../../../functions/ops/locks/cancel.ts'
import { readLocks } from '../../../functions/ops/locks/read.ts'
import { locks } from '../../../functions/registry/locks.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { pidOf } from '../../support/blocking.ts'
import { soon } from '../../support/soon.ts'

const { database, ctx } = await freshEnvironment()

beforeAll(async () => {
  await database.admin.query('create table things (id int primary key, amount int)')
  await database.admin.query('insert into things values (1, 0)')
  await database.admin.query('grant all on things to lockstep_app')
})

/** Three sessions in a row: the owner's holds the row, two of the Worker's role wait for it. */
async function queueOfThree() {
  const holder = await database.connect()
  const [first, second] = [
    await database.connect(database.workerUrl),
    await database.connect(database.workerUrl),
  ]
  for (const client of [first, second]) await client.query('set lock_timeout = 0')
  await holder.query('begin')
  await holder.query('update /* of.owner */ things set amount = 1')
  const waits = [first, second].map(async (client) => {
    await client.query('begin')
    const error: unknown = await client.query('update /* of.worker */ things set amount = 2').then(
      () => null,
      (refused: unknown) => refused,
    )
    await client.query('rollback')
    return error
  })
  const pids = { holder: pidOf(holder) }
  await vi.waitFor(async () => expect((await sessionsOf(pids.holder)).length).toBe(3), soon)
  return {
    pids,
    waits,
    async release() {
      await holder.query('rollback')
      await Promise.all(waits)
    },
  }
}

/** The sessions below one that blocks others. The server has the sessions of other test files as well. */
async function sessionsOf(root: number) {
  const { sessions } = await readLocks(ctx())
  const at = sessions.findIndex(({ pid }) => pid === root)
  if (at < 0) return []
  const rest = sessions.slice(at + 1)
  const end = rest.findIndex(({ depth }) => depth === 0)
  return sessions.slice(at, at + 1 + (end < 0 ? rest.length : end))
}

describe('sessions that wait', () => {
  it('stand below the session that blocks them, with what they wait for', async () => {
    const { pids, release } = await queueOfThree()
    const shown = await sessionsOf(pids.holder)
    await release()
    const [holder, first] = shown
    expect(holder).toMatchObject({ depth: 0, blockedBy: [], waitMs: null, type: null, own: false })
    expect(holder).toMatchObject({ state: 'idle in transaction', name: null })
    expect(holder?.xactMs).toBeGreaterThan(0)
    expect(first).toMatchObject({ name: 'of.worker', type: expect.any(String) })
    expect(first).toMatchObject({ depth: 1, blockedBy: [pids.holder], own: true, role: 'lockstep_worker' })
    expect(first?.waitMs).toBeGreaterThanOrEqual(0)
    expect(shown.every(({ mode }, at) => at === 0 || mode !== null)).toBe(true)
  })

  it('have the name of the advisory lock that they wait for', async () => {
    const holder = await database.connect()
    const waiter = await database.connect()
    await holder.query(`select pg_advisory_lock(${locks.housekeeping})`)
    const waiting = waiter.query(`select pg_advisory_lock(${locks.housekeeping})`)
    const pid = pidOf(holder)
    await vi.waitFor(async () => {
      const [, shown] = await sessionsOf(pid)
      expect(shown).toMatchObject({ type: 'advisory', lock: 'housekeeping', mode: 'ExclusiveLock' })
    }, soon)
    await holder.query('select pg_advisory_unlock_all()')
    await waiting
    await waiter.query('select pg_advisory_unlock_all()')
  })

  it('end when their statement is cancelled, and a later transaction of the same pid does not', async () => {
    const { pids, waits, release } = await queueOfThree()
    const waiting = (await sessionsOf(pids.holder)).find(({ depth }) => depth === 1)
    if (waiting?.xactStart == null) throw new Error('No session waits')
    const { pid, xactStart } = waiting
    const earlier = new Date(Date.parse(xactStart) - 1_000).toISOString()
    expect(await cancelStatement(ctx(), { pid, xactStart: earlier })).toBe('gone')
    expect(await cancelStatement(ctx(), { pid, xactStart })).toBe('cancelled')
    expect(await Promise.race(waits)).toMatchObject({ code: '57014' })
    await release()
  })

  it('of other roles cannot be cancelled', async () => {
    const { pids, release } = await queueOfThree()
    const [holder] = await sessionsOf(pids.holder)
    const { pid = 0, xactStart } = holder ?? {}
    expect(await cancelStatement(ctx(), { pid, xactStart: xactStart ?? '' })).toBe('other_role')
    await release()
  })
})

describe('a session that keeps rows from being removed', () => {
  it('is on the list of the horizon', async () => {
    const reader = await database.connect()
    await reader.query('begin isolation level repeatable read')
    await reader.query('select from things')
    const pid = pidOf(reader)
    const { horizon } = await readLocks(ctx())
    await reader.query('rollback')
    expect(horizon.map((session) => session.pid)).toContain(pid)
  })
})

describe('what the operator sees', () => {
  it('has no text of a statement', async () => {
    const secret = 'canary-of-a-password'
    const changing = await database.connect()
    await changing.query('begin')
    await changing.query(`set local application_name = 'changing'`)
    await changing.query(`select '${secret}'`)
    const seen = [await readLocks(ctx()), await readConnections(ctx())]
    const { rows } = await database.admin.query(
      `select query from pg_stat_activity where query like '%${secret}%'`,
    )
    await changing.query('rollback')
    expect(rows.length).toBeGreaterThan(0)
    expect(JSON.stringify(seen)).not.toContain(secret)
  })
})
