import { relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect } from 'vitest'
import { maintenance } from './maintenance.ts'

/*
 * Setup of every test file that uses Postgres. Files share a process and a cluster, so a connection that a file forgets
 * outlives it, with its open transaction. Every connection of this process bears the name of the file that opened it.
 */
const file = relative('test', expect.getState().testPath ?? '').slice(0, 63)
process.env['PGAPPNAME'] = file

// Registered before the file's own hooks, so it runs after them.
afterAll(async () => {
  const left = await leftBy(file)
  if (left.length > 0) throw new Error(`test/${file} left connections open:\n${left.join('\n')}`)
})

/** How long a connection may take to close, in looks: a busy machine may take seconds for it. */
const closing = [10, 50, 200, 1_000, 5_000, 25_000]

/** The connections that a file has left, once those that are just closing are gone. They are ended. */
export async function leftBy(name: string, pauses: readonly number[] = closing): Promise<string[]> {
  const server = await maintenance()
  for (const patience of [...pauses, 0]) {
    const { rows } = await server.query<{ pid: number; text: string }>(
      `select pid, format('%s in %s, %s for %s s: %s', pid, datname, state,
            round(extract(epoch from clock_timestamp() - coalesce(xact_start, state_change))), left(query, 200)) as text
        from pg_stat_activity
        where application_name = $1`,
      [name],
    )
    if (rows.length === 0) return []
    if (patience > 0) await delay(patience)
    else {
      await server.query('select pg_terminate_backend(pid) from unnest($1::int[]) pid', [
        rows.map(({ pid }) => pid),
      ])
      return rows.map(({ text }) => text)
    }
  }
  return []
}
