import { describe, expect, it } from 'vitest'
import { NewOrder } from '../../../functions/dispatch/orders/contract.ts'

const order = { deliveryAddress: '2 Long Lane', recipientName: 'R', phone: '+44 20 7946 0000', boxesCount: 1 }
const accepts = (change: object) => NewOrder.safeParse({ ...order, ...change }).success

describe('a phone number', () => {
  it.each(['+44 20 7946 0000', '112', '(020) 7946-0000', '+44…', '+1.555.0100'])('may be %s', (phone) => {
    expect(accepts({ phone })).toBe(true)
  })

  it.each([
    '---',
    '+()',
    '. . .',
    '+…',
    '   ',
    '(-) 1 -',
    '12-',
    'call me',
    '+44 20 7946 0000 ext',
    `+${'4'.repeat(39)}…`,
  ])('may not be %s, which nobody can dial', (phone) => {
    expect(accepts({ phone })).toBe(false)
  })
})

describe('an address or a name', () => {
  it.each(['2 Long Lane', '東京都', '№ 5', '★'])('may be %s', (text) => {
    expect([accepts({ deliveryAddress: text }), accepts({ recipientName: text })]).toEqual([true, true])
  })

  it.each([' ', '\t\n', '\u00a0', '\u200b', '\u2060\ufeff', '\u202e'])(
    'must show something: %j does not',
    (text) => {
      expect([accepts({ deliveryAddress: text }), accepts({ recipientName: text })]).toEqual([false, false])
    },
  )
})
