import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws'
import { commandTags } from './command-tags.ts'
import type { Faults } from './faults.ts'
import { logIn } from './log-in.ts'
import type { Target } from './target.ts'

/** A client that does not answer the Close frame in this time is disconnected. */
const closeTimeoutMs = 2_000

/** Neon's /v2 carries the Postgres protocol in binary WebSocket messages, one session per socket. */
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
  client.on('error', () => socket.terminate())
  if (faults.strikes('reset')) return socket.terminate()
  if (faults.settings.latencyMs > 0) await delay(faults.settings.latencyMs)
  const postgres = await logIn(client, target)
  if (postgres === null) return socket.close(1000)
  const cut = () => {
    socket.terminate()
    postgres.destroy()
  }
  client.on('error', cut)
  postgres.on('error', cut)
  socket.on('close', () => postgres.destroy())
  if (socket.readyState !== socket.OPEN) return cut()
  const ended = await Promise.race([
    forwardQueries(client, postgres, faults),
    forwardAnswers(postgres, client, faults),
  ])
  if (ended === 'cut') cut()
  else await closeBoth(socket, postgres)
}

/** Ends the session for both sides: the client gets a Close frame, Postgres the end of its input. */
async function closeBoth(socket: WebSocket, postgres: Duplex): Promise<void> {
  postgres.end()
  if (socket.readyState === socket.CLOSED) return
  const late = setTimeout(() => socket.terminate(), closeTimeoutMs)
  socket.close(1000)
  await once(socket, 'close')
  clearTimeout(late)
}

/** `cut`: a fault ends the session without a Close frame. */
type End = 'closed' | 'cut'

async function forwardQueries(client: Duplex, postgres: Duplex, faults: Faults): Promise<End> {
  for await (const chunk of client) {
    if (faults.settings.latencyMs > 0) await delay(faults.settings.latencyMs)
    if (!postgres.write(chunk)) await drained(postgres)
  }
  return 'closed'
}

async function forwardAnswers(postgres: Duplex, client: Duplex, faults: Faults): Promise<End> {
  const tagsIn = commandTags()
  for await (const chunk of postgres) {
    if (tagsIn(chunk).includes('COMMIT') && faults.strikes('cutAfterCommit')) return 'cut'
    if (!client.write(chunk)) await drained(client)
  }
  return 'closed'
}

function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => () => {
      stream.off('drain', onDrain).off('close', onClose)
      done()
    }
    const onDrain = settle(resolve)
    const onClose = settle(() => reject(new Error('The stream was closed')))
    stream.once('drain', onDrain).once('close', onClose)
  })
}
