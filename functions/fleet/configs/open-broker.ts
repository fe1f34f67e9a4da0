import { type Answer, answerReader, connect, disconnect, publish } from './mqtt.ts'

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
  const take = (answer: Answer) => {
    if (answer.kind === 'connack' && answer.code !== 0) return fail('The broker refused the connection')
    waiting.get(keyOf(answer))?.resolve()
  }
  const answersIn = answerReader()
  socket.addEventListener('message', ({ data }) => {
    const answers = data instanceof ArrayBuffer ? answersIn(new Uint8Array(data)) : null
    if (answers === null) return fail('The broker sent no MQTT')
    for (const answer of answers) take(answer)
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

  const greeting = connect({ clientId: `lockstep-${crypto.randomUUID()}`, keepAlive: 30, ...user })
  try {
    await answered('connack', () => socket.addEventListener('open', () => socket.send(greeting)))
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
        socket.send(publish({ topic, messageId, retain, payload: JSON.stringify(payload) })),
      )
    },
    close() {
      if (socket.readyState === WebSocket.OPEN) socket.send(disconnect)
      socket.close()
    },
  }
}

const keyOf = (answer: Answer) => (answer.kind === 'puback' ? `puback ${answer.messageId}` : answer.kind)

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
      ...(password !== undefined && password !== '' && { password }),
    },
  }
}
