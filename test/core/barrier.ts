import type pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import { workerRole } from '../../dev/postgres/roles.ts'
import type { Statement } from '../../functions/core/named.ts'
import { pidOf } from '../support/blocking.ts'
import type { TestDatabase } from '../support/database.ts'
import { sent } from '../support/sent.ts'

/** Statements wait at a barrier until the test opens it. A test counts them there, without sleeping. */
export type Barrier = {
  /** A statement that waits until the barrier is open. */
  pass: Statement
  close(): Promise<void>
  open(): Promise<void>
  /** The number of statements that wait now. */
  waiting(): Promise<number>
  /** Ends the connections of all waiting statements, as a crash would. */
  killWaiting(): Promise<void>
}

/**
 * Lets the Worker's sessions of this database wait a minute for a lock instead of two seconds: on a busy machine it takes
 * longer until all who are to wait do. To be awaited before the first of them, as freshEnvironment, spaceRig and
 * openScenario do.
 */
export async function letLocksWait({ admin, name }: TestDatabase): Promise<void> {
  const worker = `alter role ${workerRole} in database ${name}`
  await admin.query(`${worker} set lock_timeout = '1min'; ${worker} set statement_timeout = '1min'`)
}

let barriers = 0

export async function makeBarrier(database: TestDatabase): Promise<Barrier> {
  const id = 880_000 + ++barriers
  const keeper: pg.Client = await database.connect()
  const waiters = `from pg_locks where locktype = 'advisory' and objid = ${id} and not granted
    and database = (select oid from pg_database where datname = current_database())`
  return {
    pass: sent`select pg_advisory_xact_lock_shared(${id})`,
    async close() {
      await keeper.query(`begin; select pg_advisory_xact_lock(${id})`)
      onTestFinished(() => keeper.query('commit').then(ignore, ignore))
    },
    async open() {
      await keeper.query('commit')
    },
    async waiting() {
      const { rows } = await database.admin.query(`select count(*)::int as n ${waiters}`)
      return rows[0].n
    },
    async killWaiting() {
      await database.admin.query(`select pg_terminate_backend(pid) ${waiters}`)
    },
  }
}

export type Holder = { commit(): Promise<void>; rollback(): Promise<void>; die(): Promise<void> }

/** The open transaction of another session. Its locks last until it ends, or until the test ends. */
export async function hold(database: TestDatabase, statements: string): Promise<Holder> {
  const client = await database.connect()
  await client.query(`begin; ${statements}`)
  const end = (how: string) => async () => {
    await client.query(how)
  }
  onTestFinished(() => client.query('rollback').then(ignore, ignore))
  return {
    commit: end('commit'),
    rollback: end('rollback'),
    async die() {
      await database.admin.query('select pg_terminate_backend($1)', [pidOf(client)])
    },
  }
}

function ignore(): void {}

/** Polls until the value is as expected: `await eventually(barrier.waiting).toBe(12)`. The limit suits a busy machine. */
export function eventually<T>(look: () => T | Promise<T>) {
  return expect.poll(look, { timeout: 100_000, interval: 10 })
}

/** Until so many statements of this database wait for a lock. */
export async function untilWaiting({ admin }: TestDatabase, count: number): Promise<void> {
  await eventually(async () => {
    const { rows } = await admin.query(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows[0].n
  }).toBe(count)
}

/**
 * Lets two writers of the same rows meet. Another session holds one of the rows until the first writer waits for it, with
 * all that it locked before, and the second one waits as well: for this row, or for one that the first has.
 */
export async function meetAt<T>(
  database: TestDatabase,
  row: string,
  [first, second]: readonly [() => Promise<T>, () => Promise<T>],
): Promise<T[]> {
  const holder = await hold(database, row)
  const one = first()
  await untilWaiting(database, 1)
  const other = second()
  await untilWaiting(database, 2)
  await holder.commit()
  return Promise.all([one, other])
}

export type Crowd<T> = { settled(): number; all: Promise<PromiseSettledResult<T>[]> }

/** Starts many calls at once, and counts those that have ended. */
export function crowd<T>(count: number, start: (at: number) => Promise<T>): Crowd<T> {
  let through = 0
  const started = Array.from({ length: count }, (_, at) =>
    start(at).finally(() => {
      through += 1
    }),
  )
  return { settled: () => through, all: Promise.allSettled(started) }
}

/** The values of resolved promises; a rejection fails the test with its own error. */
export function kept<T>(results: PromiseSettledResult<T>[]): T[] {
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
