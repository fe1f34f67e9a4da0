import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { onFreePort } from './on-free-port.ts'

export type HttpServer = {
  /** For further settings and events. */
  server: Server
  port: number
  /** `http://127.0.0.1:port` */
  origin: string
  /** Ends open connections as well. */
  close(): Promise<void>
}

/**
 * Answers HTTP on a free port of 127.0.0.1. A connection that nobody uses stays open until `close`: workerd keeps
 * connections, and would sometimes send a request on one that the server is closing.
 */
export async function serveHttp(listener: RequestListener): Promise<HttpServer> {
  const { server, port } = await onFreePort(undefined, (free) => {
    const made = createServer(listener)
    made.keepAliveTimeout = 0
    return {
      server: made,
      async start() {
        made.listen(free, '127.0.0.1')
        await once(made, 'listening')
      },
    }
  })
  return {
    server,
    port,
    origin: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
