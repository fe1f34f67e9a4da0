import { setTimeout as delay } from 'node:timers/promises'
import { connect } from './connection.ts'

/** `lost` rejects when the lock ends before its release. */
export type RunnerLock = { lost: Promise<never>; release: () => Promise<void> }

/**
 * One runner at a time. The lock belongs to the open transaction of a connection of its own, because a file that
 * builds indexes concurrently cannot run inside the transaction that holds a lock; when the runner dies, it is free.
 *
 * A loser tries again and never waits inside a statement. `create index concurrently` waits for every
 * snapshot older than itself, and a session that waits for a lock has one, even under `lock table`: the index would
 * wait for the waiter, the waiter for the runner, and the server sees no deadlock, since a part of the circle is the
 * runner's own code. For the same reason the holder's transaction is read committed: between statements it has none.
 */
export async function lockOutOthers(url: string): Promise<RunnerLock> {
  const client = await connect(url)
  const lost = new Promise<never>((_, reject) => {
    client.once('error', (cause) => {
      reject(
        new Error('The connection that holds the lock of the migrations was lost: run again.', { cause }),
      )
    })
  })
  lost.catch(() => {})
  for (;;) {
    await client.query('begin isolation level read committed')
    const { rows } = await client.query(
      `select pg_try_advisory_xact_lock(hashtextextended('migrations', 0)) as taken`,
    )
    if (rows[0].taken) return { lost, release: () => client.end() }
    await client.query('rollback')
    await delay(100)
  }
}
