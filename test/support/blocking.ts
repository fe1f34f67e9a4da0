import type pg from 'pg'
import { vi } from 'vitest'
import { soon } from './soon.ts'

type Observer = pg.Pool | pg.Client

/** Resolves when one other session waits for a lock that this one holds. */
export async function untilBlocking(keeper: pg.Client, observer: Observer): Promise<void> {
  await vi.waitUntil(async () => (await waiters(keeper, observer)) === 1, soon)
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
  await vi.waitUntil(async () => ended || (await waiters(keeper, observer)) > 0, soon)
  return ended ? 'ended' : 'waits'
}

/** Counts the sessions that wait for this one, which may be busy or wait itself. */
async function waiters(keeper: pg.Client, observer: Observer): Promise<number> {
  const waiting = 'select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))'
  return (await observer.query(waiting, [pidOf(keeper)])).rowCount ?? 0
}

// node-postgres keeps it from the server's BackendKeyData but does not declare it.
export function pidOf(client: pg.Client): number {
  return (client as unknown as { processID: number }).processID
}
