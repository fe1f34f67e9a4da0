import pg from 'pg'
import { connectRefusal } from './refusal.ts'
import type { Route } from './request.ts'
import { cancelBackend, type Target, targetOf } from './target.ts'

/** A Postgres session lent to one HTTP request. */
export type Session = {
  client: pg.ClientBase
  /** Cancels its statement. The session is not used again. */
  cancel(): Promise<void>
  /** Returns it to the pool after a reset of all that the request may have set. */
  giveBack(): Promise<void>
}

export type Sessions = { open(route: Route): Promise<Session>; close(): Promise<void> }

type Servers = {
  primary: Target
  /** Connection strings of standbys; a request that names the host of one is sent there, any other to the primary. */
  standbyUrls: readonly string[]
}

/** One pool of sessions per server, user and database. When all are in use, the next request waits. */
export function createSessions({ primary, standbyUrls }: Servers, max: number): Sessions {
  const pools = new Map<string, pg.Pool>()
  const standbys = new Map(standbyUrls.map((url) => [new URL(url).host, targetOf(url)]))

  function poolFor({ login, host }: Route, target: Target): pg.Pool {
    const key = JSON.stringify([login, standbys.has(host) ? host : null])
    const existing = pools.get(key)
    if (existing) return existing
    // A fallback, so that PGAPPNAME can name the connections.
    const pool = new pg.Pool({
      ...target,
      ssl: target.tls,
      ...login,
      max,
      // To open a session costs as much as a hundred statements, so one that rests waits for the next request.
      idleTimeoutMillis: 5 * 60_000,
      fallback_application_name: 'neon-proxy',
    })
    // The server closed an idle session. The pool drops it, and the next request opens another.
    pool.on('error', () => undefined)
    pools.set(key, pool)
    return pool
  }

  return {
    async open(route) {
      const target = standbys.get(route.host) ?? primary
      const client = await connect(poolFor(route, target), route.login.user)
      let usable = true
      const spoil = () => {
        usable = false
      }
      client.on('error', spoil)
      return {
        client,
        async cancel() {
          spoil()
          await cancelBackend(target, backendOf(client)).catch(() => undefined)
        },
        async giveBack() {
          if (usable) await client.query(resetSql(client)).catch(spoil)
          client.off('error', spoil)
          client.release(!usable)
        },
      }
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.end()))
    },
  }
}

async function connect(pool: pg.Pool, user: string): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw connectRefusal(error, user)
  }
}

// Neon runs this between two requests, so that no state of a session survives a request. The rollback is sent only
// inside a transaction, because Postgres logs a warning for it outside.
function resetSql(client: pg.ClientBase): string {
  const rollback = client.getTransactionStatus() === 'I' ? '' : 'rollback;'
  return `${rollback} close all; set session authorization default; reset all; deallocate all; unlisten *;
    select pg_advisory_unlock_all(); discard temp; discard sequences;`
}

// node-postgres has both from the server's BackendKeyData but does not declare them.
function backendOf(client: pg.ClientBase): { pid: number; secret: number } {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number }
  return { pid: processID, secret: secretKey }
}
