import { Aedes } from 'aedes'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { serveHttp } from '../../../dev/system/serve-http.ts'
import { atTheEnd } from '../../support/at-the-end.ts'

type Published = { topic: string; payload: unknown; retain: boolean; qos: number }

/** A real MQTT broker behind a WebSocket. */
export async function freshBroker() {
  const broker = await Aedes.createBroker()
  const { server, port, close } = await serveHttp((_, response) => response.writeHead(426).end())
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'mqtt' })
  sockets.on('connection', (socket) => {
    const stream = createWebSocketStream(socket)
    stream.on('error', () => undefined)
    broker.handle(stream)
  })
  const published: Published[] = []
  let refusing = false
  let [slowMs, atOnce, mostAtOnce] = [0, 0, 0]
  let refused: string | null = null
  broker.authorizePublish = (_client, { topic }, done) => {
    if (refused !== null && topic.includes(refused)) return done(new Error('This message is refused'))
    atOnce += 1
    mostAtOnce = Math.max(mostAtOnce, atOnce)
    setTimeout(() => {
      atOnce -= 1
      done(null)
    }, slowMs)
  }
  broker.preConnect = (_client, _packet, done) => done(null, !refusing)
  broker.on('publish', ({ topic, payload, retain, qos }, client) => {
    if (client !== null) published.push({ topic, payload: JSON.parse(payload.toString()), retain, qos })
  })
  atTheEnd(async () => {
    for (const socket of sockets.clients) socket.terminate()
    await new Promise((resolve) => broker.close(() => resolve(null)))
    await close()
  })
  return {
    url: `ws://127.0.0.1:${port}/`,
    published,
    refuse: (yes: boolean) => {
      refusing = yes
    },
    /** From now on it ends a connection that sends a message to such a topic. */
    refuseTopic: (part: string) => {
      refused = part
    },
    /** From now on each message waits so long for its acknowledgement. */
    slow: (ms: number) => {
      slowMs = ms
    },
    /** The most messages that waited for it at one moment. */
    mostAtOnce: () => mostAtOnce,
    /** How many connections are open. */
    connections: () => sockets.clients.size,
  }
}
