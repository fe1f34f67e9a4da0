import { serveHttp } from '../system/serve-http.ts'
import { answerFaults } from './control.ts'
import { createFaults, type Faults } from './faults.ts'
import { reply } from './reply.ts'
import { createSessions } from './sessions.ts'
import { answerSql } from './sql.ts'
import { targetOf } from './target.ts'
import { tunnelWebSockets } from './websocket.ts'

export type NeonProxy = {
  /** `127.0.0.1:port`, for the Worker's NEON_PROXY binding. */
  address: string
  faults: Faults
  close(): Promise<void>
}

export type NeonProxyOptions = {
  /** The Postgres behind the proxy. Only host, port and sslmode are used; each request names its user and database. */
  databaseUrl: string
  /** Servers that a request may name by their host and port; tunnels for transactions lead to the first one only. */
  standbyUrls?: readonly string[]
  /** Sessions per user and database. Further requests wait. */
  maxSessions?: number
  /** The limit for requests and responses, by default Neon's. */
  maxBytes?: number
}

/** Puts Neon's HTTP and WebSocket interfaces in front of a plain Postgres, so that the real driver runs on a laptop. */
export async function startNeonProxy(options: NeonProxyOptions): Promise<NeonProxy> {
  const { databaseUrl, standbyUrls = [], maxSessions = 40, maxBytes = 64 * 1024 * 1024 } = options
  const target = targetOf(databaseUrl)
  const faults = createFaults()
  const sessions = createSessions({ primary: target, standbyUrls }, maxSessions)

  const { server, port, close } = await serveHttp((req, res) => {
    const answered =
      req.url === '/sql' && req.method === 'POST'
        ? answerSql({ req, res }, { sessions, faults, maxBytes })
        : req.url === '/faults'
          ? answerFaults({ req, res }, faults)
          : Promise.resolve(reply(res, 404, { message: 'not found' }))
    answered.catch((error: unknown) => {
      console.error('neon-proxy:', error)
      res.destroy()
    })
  })
  server.requestTimeout = 0
  const tunnels = tunnelWebSockets(server, target, faults)

  return {
    address: `127.0.0.1:${port}`,
    faults,
    async close() {
      tunnels.close()
      await close()
      await sessions.close()
    },
  }
}
