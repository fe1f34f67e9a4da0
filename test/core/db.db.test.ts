import { neonConfig } from '@neondatabase/serverless'
import { sql } from 'drizzle-orm'
import { afterEach, describe, expect, it } from 'vitest'
import { makeDb, type Tx } from '../../functions/core/db.ts'
import { makeMetrics } from '../../functions/core/metrics.ts'
import { DatabaseError } from '../../functions/core/sqlstate.ts'
import { freshDatabase } from '../support/database.ts'
import { freshProxy } from '../support/proxy.ts'
import { sent } from '../support/sent.ts'
import { eventually } from './barrier.ts'
import { failure, freshEnvironment } from './environment.ts'

const { database, proxy, ctx } = await freshEnvironment()
// Its sessions wait for locks as long as those of a deployed Worker.
const unchanged = await freshDatabase()
const proxyOfUnchanged = await freshProxy(unchanged)
await database.admin.query(`create table notes (text text primary key check (text <> 'bad'))`)
await database.admin.query('grant all on notes to lockstep_app')

afterEach(async () => {
  proxy.faults.clear()
  await database.admin.query('truncate notes')
})

const insert = (text: string) => sent`insert into notes values (${text})`
const notes = async () =>
  (await database.admin.query('select text from notes order by 1')).rows.map((r) => r.text)

async function databaseError(promise: Promise<unknown>): Promise<DatabaseError> {
  const error = await failure(promise)
  expect(error).toBeInstanceOf(DatabaseError)
  return error as DatabaseError
}

describe('one statement, one batch', () => {
  it('takes one round trip each, counted exactly', async () => {
    const { db, metrics } = ctx()
    await db.query(sent`select 1`)
    expect(metrics.trips).toBe(1)
    await db.batch([sent`select 1`, sent`select 2`, sent`select 3`])
    expect(metrics.trips).toBe(2)
    await db.with({ 'app.tenant_id': '42', 'app.other': 'x' }).query(sent`select 1`)
    expect(metrics.trips).toBe(3)
    expect(metrics.dbMs).toBeGreaterThan(0)
  })

  it('counts a round trip that failed', async () => {
    const { db, metrics } = ctx()
    await databaseError(db.query(sent`select 1 / 0`))
    expect(metrics.trips).toBe(1)
  })

  it('returns bigint and numeric as text, json parsed, arrays and null unchanged', async () => {
    const [row] = await ctx().db.query(sent`
      select 9007199254740993::bigint as big, 1.10::numeric as exact, '{"a":[1]}'::jsonb as json,
        ${sql.param(['x', 'y"z'])}::text[] as list, null as nothing`)
    expect(row).toEqual({
      big: '9007199254740993',
      exact: '1.10',
      json: { a: [1] },
      list: ['x', 'y"z'],
      nothing: null,
    })
  })

  it('rolls the whole batch back when its last statement fails', async () => {
    const error = await databaseError(ctx().db.batch([insert('one'), insert('bad')]))
    expect(error.sqlstate).toBe('23514')
    expect(await notes()).toEqual([])
  })

  it('runs a batch at the requested isolation level', async () => {
    const { db } = ctx()
    const level = sent`select current_setting('transaction_isolation') as level`
    for (const [isolation, name] of [
      ['ReadCommitted', 'read committed'],
      ['RepeatableRead', 'repeatable read'],
      ['Serializable', 'serializable'],
    ] as const) {
      expect(await db.batch([level], { isolation })).toEqual([[{ level: name }]])
    }
  })

  it('refuses to write in a read-only batch', async () => {
    expect((await databaseError(ctx().db.batch([insert('x')], { readOnly: true }))).sqlstate).toBe('25006')
  })
})

describe('an interactive transaction', () => {
  it('commits when the work returns, and counts connect, begin, each statement and commit', async () => {
    const { db, metrics } = ctx()
    const answer = await db.transaction(async (tx) => {
      await tx.query(insert('kept'))
      return tx.query(sent`select count(*)::int as n from notes`)
    })
    expect(answer).toEqual([{ n: 1 }])
    expect(metrics.trips).toBe(5)
    expect(await notes()).toEqual(['kept'])
  })

  it('rolls back when the work throws', async () => {
    const thrown = await failure(
      ctx().db.transaction(async (tx) => {
        await tx.query(insert('gone'))
        throw new Error('no')
      }),
    )
    expect(thrown).toEqual(new Error('no'))
    expect(await notes()).toEqual([])
  })

  it('fails when the work swallows a failed statement, where Postgres would roll back and report success', async () => {
    const error = await databaseError(
      ctx().db.transaction(async (tx) => {
        await tx.query(insert('first'))
        await tx.query(insert('bad')).catch(() => undefined)
      }),
    )
    expect(error).toMatchObject({ sqlstate: '25P02', committed: 'no' })
    expect(await notes()).toEqual([])
  })

  it('leaves no connection behind, whether it commits or fails', async () => {
    const sessions = async (): Promise<number[]> =>
      (
        await database.admin.query(
          `select pid from pg_stat_activity
           where datname = current_database() and usename = 'lockstep_worker'`,
        )
      ).rows.map(({ pid }) => pid)
    // Those of the proxy's pool, which rest between two requests, and of a transaction that has just ended.
    const before = await sessions()
    const others = async () => (await sessions()).filter((pid) => !before.includes(pid))
    await ctx().db.transaction(async (tx) => {
      const [itself] = await tx.query<{ pid: number }>(sent`select pg_backend_pid() as pid`)
      expect(await others()).toEqual([itself?.pid])
    })
    await databaseError(ctx().db.transaction((tx) => tx.query(sent`select 1 / 0`)))
    await eventually(others).toEqual([])
  })

  it('has its settings, at the requested isolation level', async () => {
    const [row] = await ctx()
      .db.with({ 'app.tenant_id': '42' })
      .transaction(
        (tx) =>
          tx.query<Record<string, string>>(
            sent`select current_setting('app.tenant_id') as tenant, current_setting('transaction_isolation') as level`,
          ),
        { isolation: 'Serializable' },
      )
    expect(row).toEqual({ tenant: '42', level: 'serializable' })
  })
})

describe('every failure is a DatabaseError', () => {
  const violating = [
    ['over HTTP', () => ctx().db.query(insert('bad'))],
    ['in a batch', () => ctx().db.batch([insert('bad')])],
    ['over a WebSocket', () => ctx().db.transaction((tx) => tx.query(insert('bad')))],
  ] as const
  it.each(violating)('with SQLSTATE, constraint and detail %s', async (_how, run) => {
    const error = await databaseError(run())
    expect(error).toMatchObject({ sqlstate: '23514', constraint: 'notes_text_check', committed: 'no' })
    expect(error.detail).toContain('Failing row')
    expect(error.message).toContain('violates check constraint')
  })

  it('with no SQLSTATE when the password is wrong', async () => {
    const bindings = { DATABASE_URL: database.workerUrl.replace(/:[^:@]+@/, ':wrong@') }
    const error = await databaseError(ctx({ bindings }).db.query(sent`select 1`))
    expect(error.sqlstate).toBe(null)
    const overSocket = await databaseError(ctx({ bindings }).db.transaction(async () => undefined))
    expect(overSocket).toMatchObject({ sqlstate: '28P01', committed: 'no' })
  })
})

describe('a lost connection', () => {
  it('leaves it unknown whether a statement over HTTP took effect, and it is sent once', async () => {
    for (const fault of ['reset', 'cutAfterCommit', 'truncate'] as const) {
      proxy.faults.clear()
      proxy.faults.set({ [fault]: 1, times: 1 })
      const { db, metrics } = ctx()
      const error = await databaseError(db.query(insert(fault)))
      expect(error).toMatchObject({ sqlstate: null, committed: 'unknown' })
      expect(metrics.trips).toBe(1)
    }
    expect(await notes()).toEqual(['cutAfterCommit', 'truncate'])
  })

  it('at COMMIT is reported as unknown, although the work is committed', async () => {
    proxy.faults.set({ cutAfterCommit: 1, times: 1 })
    let ran = 0
    const error = await databaseError(
      ctx().db.transaction(async (tx) => {
        ran += 1
        await tx.query(insert('stands'))
      }),
    )
    expect(error).toMatchObject({ committed: 'unknown' })
    expect(ran).toBe(1)
    expect(await notes()).toEqual(['stands'])
  })

  it('before COMMIT is reported as not committed', async () => {
    const error = await databaseError(
      ctx().db.transaction(async (tx) => {
        await tx.query(insert('gone'))
        const [me] = await tx.query<{ pid: number }>(sent`select pg_backend_pid() as pid`)
        await database.admin.query('select pg_terminate_backend($1)', [me?.pid])
        await tx.query(insert('too late'))
      }),
    )
    expect(error.committed).toBe('no')
    expect(await notes()).toEqual([])
  })

  it('while connecting a WebSocket is reported as not committed', async () => {
    for (const fault of ['refuse', 'reset'] as const) {
      proxy.faults.clear()
      proxy.faults.set({ [fault]: 1 })
      const error = await databaseError(ctx().db.transaction((tx) => tx.query(insert('never'))))
      expect(error).toMatchObject({ sqlstate: null, committed: 'no' })
    }
    expect(await notes()).toEqual([])
  })
})

describe('a server that never answers', () => {
  const limits = { connectMs: 200, answerMs: 300 }
  const impatient = () => makeDb(database.workerUrl, makeMetrics(), { proxy: proxy.address, limits })

  it('is given up after the time limit, over HTTP and over WebSocket', async () => {
    proxy.faults.set({ blackhole: 1 })
    const insertion = (tx: Tx) => tx.query(insert('never'))
    expect(await databaseError(impatient().query(insert('never')))).toMatchObject({ committed: 'unknown' })
    expect(await databaseError(impatient().transaction(insertion))).toMatchObject({ committed: 'no' })
    expect(await notes()).toEqual([])
  })

  it('is given up inside a transaction too, and earlier statements are not committed', async () => {
    const holder = await database.connect()
    await holder.query('begin; lock table notes in share mode')
    const error = await databaseError(impatient().transaction((tx) => tx.query(insert('waits'))))
    expect(error).toMatchObject({ sqlstate: null, committed: 'no' })
    await holder.query('rollback')
    const waiting = `select count(*)::int as n from pg_stat_activity where datname = current_database() and query like 'insert%'
      and state <> 'idle'`
    await eventually(async () => (await database.admin.query(waiting)).rows[0].n).toBe(0)
    expect(await notes()).toEqual([])
  })
})

describe('Postgres’ own limits', () => {
  it('are those of the Worker’s role, on both ways', async () => {
    const limits = sent`
select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
  current_setting('idle_in_transaction_session_timeout') as idle, current_setting('transaction_timeout') as transaction`
    const expected = [{ statement: '8s', lock: '2s', idle: '10s', transaction: '30s' }]
    const db = makeDb(unchanged.workerUrl, makeMetrics(), { proxy: proxyOfUnchanged.address })
    expect(await db.query(limits)).toEqual(expected)
    expect(await db.transaction((tx) => tx.query(limits))).toEqual(expected)
  })

  it('end a statement that runs too long, and one that waits too long, each with its own SQLSTATE', async () => {
    const brief = ctx().db.with({ statement_timeout: '30ms' })
    expect(await databaseError(brief.query(sent`select pg_sleep(5)`))).toMatchObject({
      sqlstate: '57014',
      committed: 'no',
    })
    const holder = await database.connect()
    await holder.query('begin; lock table notes in share mode')
    const impatient = ctx().db.with({ lock_timeout: '30ms' })
    expect(await databaseError(impatient.query(insert('x')))).toMatchObject({
      sqlstate: '55P03',
      committed: 'no',
    })
    await holder.query('rollback')
    expect(await notes()).toEqual([])
  })

  it('end an idle transaction, and roll its work back', async () => {
    const silent = ctx()
      .db.with({ idle_in_transaction_session_timeout: '30ms' })
      .transaction(async (tx) => {
        await tx.query(insert('gone'))
        const ended = `select count(*)::int as n from pg_stat_activity
          where datname = current_database() and state like 'idle in transaction%'`
        await eventually(async () => (await database.admin.query(ended)).rows[0].n).toBe(0)
        await tx.query(insert('too late'))
      })
    expect(await databaseError(silent)).toMatchObject({ committed: 'no' })
    expect(await notes()).toEqual([])
  })
})

describe('settings of `with`', () => {
  /** The settings that remain on a session after the batch of `run`, as behind a transaction-mode pooler. */
  async function leftBehind(run: () => Promise<unknown>, sabotage = (text: string) => text) {
    const bodies: string[] = []
    neonConfig.fetchFunction = (url: string, init: RequestInit & { body: string }) => {
      bodies.push(init.body)
      return fetch(url, init)
    }
    await run().finally(() => {
      neonConfig.fetchFunction = undefined
    })
    const [{ queries }] = bodies.map((body) => JSON.parse(body))
    const session = await database.connect(database.workerUrl)
    await session.query('begin')
    for (const { query, params } of queries) await session.query(sabotage(query), params)
    await session.query('commit')
    return (await session.query(`select nullif(current_setting('app.tenant_id', true), '') as tenant`))
      .rows[0].tenant
  }
  const tenant = sent`select current_setting('app.tenant_id', true) as tenant`
  const asTenant = () => ctx().db.with({ 'app.tenant_id': '42' }).query(tenant)

  it('hold in the same round trip, and not for the next client of the connection', async () => {
    expect(await asTenant()).toEqual([{ tenant: '42' }])
    expect(await leftBehind(asTenant)).toBe(null)
  })

  it('leak when they last for the session: the check finds it', async () => {
    expect(await leftBehind(asTenant, (text) => text.replaceAll(', true)', ', false)'))).toBe('42')
  })

  it('add up, the later one wins', async () => {
    const db = ctx().db.with({ 'app.tenant_id': '1' }).with({ 'app.tenant_id': '2', 'app.more': 'x' })
    expect(
      await db.query(sent`select current_setting('app.tenant_id') || current_setting('app.more') as s`),
    ).toEqual([{ s: '2x' }])
  })
})
