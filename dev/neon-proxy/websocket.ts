import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws'
import { commandTags } from './command-tags.ts'
import type { Faults } from './faults.ts'
import { connectToPostgres, type Target } from './target.ts'

/** Neon's /v2: the Postgres protocol inside binary WebSocket messages, one session per socket. */
export function tunnelWebSockets(server: Server, target: Target, faults: Faults): { close(): void } {
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, verifyClient: admit })

  function admit(
    { req }: { req: IncomingMessage },
    answer: (ok: boolean, status?: number, text?: string) => void,
  ) {
    if (!req.url?.startsWith('/v2')) answer(false, 404, 'Not Found')
    else if (faults.strikes('refuse')) answer(false, 503, 'Service Unavailable')
    else answer(true)
  }

  sockets.on('connection', (socket) => {
    tunnel(socket, target, faults).catch(() => socket.terminate())
  })
  return {
    close() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
    },
  }
}

async function tunnel(socket: WebSocket, target: Target, faults: Faults): Promise<void> {
  const client = createWebSocketStream(socket)
  if (faults.strikes('blackhole')) {
    client.on('error', () => undefined).resume()
    return
  }
  const postgres = await connectToPostgres(target)
  const cut = () => {
    socket.terminate()
    postgres.destroy()
  }
  client.on('error', cut)
  postgres.on('error', cut)
  socket.on('close', cut)
  if (faults.strikes('reset')) return cut()
  await Promise.race([forwardQueries(client, postgres, faults), forwardAnswers(postgres, client, faults)])
  cut()
}

async function forwardQueries(client: Duplex, postgres: Duplex, faults: Faults): Promise<void> {
  for await (const chunk of client) {
    if (faults.settings.latencyMs > 0) await delay(faults.settings.latencyMs)
    if (!postgres.write(chunk)) await drained(postgres)
  }
  postgres.end()
}

async function forwardAnswers(postgres: Duplex, client: Duplex, faults: Faults): Promise<void> {
  const tagsIn = commandTags()
  for await (const chunk of postgres) {
    if (tagsIn(chunk).includes('COMMIT') && faults.strikes('cutAfterCommit')) return
    if (!client.write(chunk)) await drained(client)
  }
}

function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('drain', resolve).once('close', () => reject(new Error('closed')))
  })
}
