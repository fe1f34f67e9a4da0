import { generate, type Packet, parser } from 'mqtt-packet'

/** How long the broker may take to answer a packet. */
const answerMs = 5_000

export type Broker = {
  /** Resolves when the broker has taken the message (QoS 1). A retained one is kept for later subscribers. */
  publish: (message: { topic: string; payload: object; retain: boolean }) => Promise<void>
  close: () => void
}

/**
 * One MQTT connection over a WebSocket, for one invocation. Rejects when the broker refuses it, or takes too long.
 * User and password stand in the URL.
 */
export async function openBroker(url: string): Promise<Broker> {
  const { address, user } = partsOf(url)
  const socket = new WebSocket(address, ['mqtt'])
  socket.binaryType = 'arraybuffer'
  const waiting = new Map<string, PromiseWithResolvers<void>>()
  const fail = (why: string) => {
    for (const one of waiting.values()) one.reject(new Error(why))
  }
  const incoming = parser()
  incoming.on('packet', (packet: Packet) => {
    if (packet.cmd === 'connack' && packet.returnCode !== 0) return fail('The broker refused the connection')
    waiting.get(keyOf(packet))?.resolve()
  })
  incoming.on('error', () => fail('The broker sent no MQTT'))
  socket.addEventListener('message', ({ data }) => {
    if (data instanceof ArrayBuffer) incoming.parse(Buffer.from(data))
  })
  socket.addEventListener('error', () => fail('The connection to the broker failed'))
  socket.addEventListener('close', () => fail('The broker closed the connection'))

  const answered = async (key: string, send: () => void): Promise<void> => {
    const answer = Promise.withResolvers<void>()
    waiting.set(key, answer)
    const late = setTimeout(() => answer.reject(new Error('The broker did not answer in time')), answerMs)
    try {
      send()
      await answer.promise
    } finally {
      clearTimeout(late)
      waiting.delete(key)
    }
  }

  const clientId = `lockstep-${crypto.randomUUID()}`
  const greeting = {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: 30,
  } as const
  try {
    await answered('connack', () =>
      socket.addEventListener('open', () => socket.send(generate({ ...greeting, clientId, ...user }))),
    )
  } catch (error) {
    socket.close()
    throw error
  }
  let last = 0
  return {
    publish({ topic, payload, retain }) {
      last += 1
      const messageId = last
      return answered(`puback ${messageId}`, () =>
        socket.send(
          generate({
            cmd: 'publish',
            topic,
            messageId,
            qos: 1,
            retain,
            dup: false,
            payload: JSON.stringify(payload),
          }),
        ),
      )
    },
    close() {
      if (socket.readyState === WebSocket.OPEN) socket.send(generate({ cmd: 'disconnect' }))
      socket.close()
    },
  }
}

const keyOf = (packet: Packet) => (packet.cmd === 'puback' ? `puback ${packet.messageId ?? 0}` : packet.cmd)

/** A WebSocket takes no user in its URL. */
function partsOf(url: string) {
  const parsed = new URL(url)
  const [username, password] = [parsed.username, parsed.password].map(decodeURIComponent)
  parsed.username = ''
  parsed.password = ''
  return {
    address: parsed.href,
    user: {
      ...(username !== undefined && username !== '' && { username }),
      ...(password !== undefined && password !== '' && { password: Buffer.from(password) }),
    },
  }
}
