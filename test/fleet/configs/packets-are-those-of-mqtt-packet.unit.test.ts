import { array, assert, boolean, constantFrom, integer, option, property, record, string } from 'fast-check'
import { generate, type Packet, parser } from 'mqtt-packet'
import { expect, it } from 'vitest'
import { answerReader, connect, disconnect, publish } from '../../../functions/fleet/configs/mqtt.ts'

const id = integer({ min: 1, max: 0xffff })
// "grapheme" has no lone surrogates, which UTF-8 cannot write.
const words = (minLength: number) => string({ unit: 'grapheme', minLength, maxLength: 200 })

it('greets a broker with the bytes of mqtt-packet', () => {
  const user = option(record({ username: words(1), password: words(1) }))
  assert(
    property(words(1), id, user, (clientId, keepAlive, named) => {
      const theirs = generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        keepalive: keepAlive,
        clientId,
        ...(named && { username: named.username, password: Buffer.from(named.password) }),
      })
      expect(Buffer.from(connect({ clientId, keepAlive, ...named }))).toEqual(theirs)
    }),
  )
  expect(Buffer.from(disconnect)).toEqual(generate({ cmd: 'disconnect' }))
})

it('publishes with the bytes of mqtt-packet, also where the length takes another byte', () => {
  const same = (topic: string, messageId: number, retain: boolean, payload: string) => {
    const theirs = generate({ cmd: 'publish', topic, messageId, retain, qos: 1, dup: false, payload })
    expect(Buffer.from(publish({ topic, messageId, retain, payload })).equals(theirs)).toBe(true)
  }
  assert(property(words(1), id, boolean(), words(0), same))
  // The topic, its length and the id take five bytes.
  for (const length of [127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
    same('a', 1, true, 'x'.repeat(length - 5))
})

it('refuses a topic that is longer than MQTT can say', () => {
  const long = 'x'.repeat(65_536)
  expect(() => publish({ topic: long, messageId: 1, retain: true, payload: '' })).toThrow(RangeError)
})

it('reads the answers of mqtt-packet, however frames cut them', () => {
  const packet = integer({ min: 0, max: 0xffff }).map((n) =>
    n < 6
      ? {
          sent: { cmd: 'connack', returnCode: n, sessionPresent: false } as Packet,
          read: { kind: 'connack', code: n },
        }
      : { sent: { cmd: 'puback', messageId: n } as Packet, read: { kind: 'puback', messageId: n } },
  )
  assert(
    property(array(packet), array(integer({ min: 0, max: 9 }), { minLength: 1 }), (packets, cuts) => {
      let bytes = Buffer.concat(packets.map(({ sent }) => generate(sent)))
      const read = answerReader()
      const answers = []
      for (const cut of cuts) {
        answers.push(...(read(bytes.subarray(0, cut)) ?? []))
        bytes = bytes.subarray(cut)
      }
      answers.push(...(read(bytes) ?? []))
      expect(answers).toEqual(packets.map((one) => one.read))
    }),
  )
})

it('takes nothing for an answer that mqtt-packet does not', () => {
  const byte = integer({ min: 0, max: 255 })
  assert(
    property(
      constantFrom(0x20, 0x21, 0x30, 0x40, 0x41, 0x50),
      constantFrom(1, 2, 3),
      byte,
      byte,
      (...bytes) => {
        const theirs: string[] = []
        const reading = parser()
        reading.on('packet', ({ cmd }) => theirs.push(cmd))
        reading.on('error', () => theirs.push('error'))
        reading.parse(Buffer.from(bytes))
        const ours = answerReader()(Uint8Array.from(bytes))
        expect(theirs).toEqual(ours === null ? theirs : ours.map(({ kind }) => kind))
      },
    ),
    { numRuns: 2_000 },
  )
  expect(answerReader()(Uint8Array.of(0x30, 2, 0, 0))).toBeNull()
  expect(answerReader()(new TextEncoder().encode('HTTP/1.1 400'))).toBeNull()
})
