import { connect } from './connection.ts'

/** `lost` rejects when the lock ends before its release. */
export type RunnerLock = { lost: Promise<never>; release: () => Promise<void> }

/**
 * One runner at a time. Held by the open transaction of a connection of its own, because a file that builds indexes
 * concurrently cannot run inside the transaction that holds a lock; when the runner dies, the lock goes with it.
 *
 * It is a table lock and not an advisory one for the sake of those who wait. `create index concurrently` waits for
 * every snapshot older than itself. A session waiting inside `select pg_advisory_xact_lock(…)` has one: the index
 * would wait for the waiter, the waiter for the runner, and no deadlock detector sees the loop, since part of it is
 * the runner's own code. `lock table` waits without a snapshot. This mode excludes itself and no reader or writer.
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
  await client.query('begin')
  await client.query('lock table core.schema_migrations in share update exclusive mode')
  return { lost, release: () => client.end() }
}
