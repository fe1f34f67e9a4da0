/** The five packets of MQTT 3.1.1 that a client sends or gets when it only publishes, each with QoS 1. */

/** A broker sends nothing else to a client without subscriptions and without pings. */
export type Answer = { kind: 'connack'; code: number } | { kind: 'puback'; messageId: number }

export type Greeting = { clientId: string; keepAlive: number; username?: string; password?: string }

export type Message = { topic: string; messageId: number; retain: boolean; payload: string }

export const disconnect = Uint8Array.of(0xe0, 0)

/** Section 3.1: a clean session without a will. */
export function connect({ clientId, keepAlive, username, password }: Greeting): Uint8Array<ArrayBuffer> {
  const flags = 0x02 | (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40)
  const texts = [clientId, username, password].filter((text) => text !== undefined)
  return packet(0x10, [text('MQTT'), Uint8Array.of(4, flags), number(keepAlive), ...texts.map(text)])
}

/** Section 3.3. */
export function publish({ topic, messageId, retain, payload }: Message): Uint8Array<ArrayBuffer> {
  return packet(retain ? 0x33 : 0x32, [text(topic), number(messageId), utf8.encode(payload)])
}

/**
 * Reads answers out of frames, which need not begin or end where a packet does (section 6). Null: these bytes are no answer.
 */
export function answerReader(): (frame: Uint8Array) => Answer[] | null {
  let rest = new Uint8Array()
  return (frame) => {
    const bytes = joined([rest, frame])
    const whole = bytes.length - (bytes.length % answerLength)
    rest = bytes.slice(whole)
    const answers: Answer[] = []
    for (let at = 0; at < whole; at += answerLength) {
      const answer = answerIn(bytes.subarray(at, at + answerLength))
      if (answer === null) return null
      answers.push(answer)
    }
    return answers
  }
}

/** Each answer has two bytes before and two bytes behind its length. */
const answerLength = 4

function answerIn([type, length, high = 0, low = 0]: Uint8Array): Answer | null {
  if (length !== 2) return null
  if (type === 0x20 && high <= 1) return { kind: 'connack', code: low }
  if (type === 0x40) return { kind: 'puback', messageId: high * 256 + low }
  return null
}

const utf8 = new TextEncoder()

function packet(first: number, parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = joined(parts)
  return joined([Uint8Array.of(first, ...lengthOf(body)), body])
}

/** Section 2.2.3: seven bits a byte, the lowest first; the eighth says that more follow. */
function lengthOf({ length }: Uint8Array): number[] {
  const bytes = []
  let left = length
  do {
    bytes.push((left % 128) + (left < 128 ? 0 : 128))
    left = Math.floor(left / 128)
  } while (left > 0)
  return bytes
}

function text(value: string): Uint8Array {
  const bytes = utf8.encode(value)
  if (bytes.length > 0xffff) throw new RangeError('A text of MQTT has at most 65535 bytes')
  return joined([number(bytes.length), bytes])
}

function number(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
