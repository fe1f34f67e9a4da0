import type pg from 'pg'
import { vi } from 'vitest'
import { soon } from './soon.ts'

type Observer = pg.Pool | pg.Client

/** Resolves when one other session waits for a lock that this one holds. */
export async function untilBlocking(keeper: pg.Client, observer: Observer): Promise<void> {
  const count = await waiters(keeper, observer)
  await vi.waitUntil(async () => (await count()) === 1, soon)
}

/** Resolves when the work waits for this session, or has ended because it did not have to wait. */
export async function meets(
  keeper: pg.Client,
  work: Promise<unknown>,
  observer: Observer,
): Promise<'waits' | 'ended'> {
  let ended = false
  const end = () => {
    ended = true
  }
  work.then(end, end)
  const count = await waiters(keeper, observer)
  await vi.waitUntil(async () => ended || (await count()) > 0, soon)
  return ended ? 'ended' : 'waits'
}

/** Counts the sessions that wait for this one. */
async function waiters(keeper: pg.Client, observer: Observer): Promise<() => Promise<number>> {
  const { rows } = await keeper.query<{ pid: number }>('select pg_backend_pid() as pid')
  const waiting = 'select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))'
  return async () => (await observer.query(waiting, [rows[0]?.pid])).rowCount ?? 0
}
