import { describe, expect, it } from 'vitest'
import { openCalls } from '../../web/parts/open-calls.ts'
import { isUnanswered, repeatAfterMs } from '../../web/parts/repeat.ts'

type Problem = Parameters<typeof repeatAfterMs>[0]
const problem = (status: number, more: Partial<Problem> = {}): Problem => ({
  status,
  code: 'any',
  retryAfter: null,
  more: {},
  ...more,
})
const pausesOf = (one: Problem, most = 6) =>
  Array.from({ length: most }, (_, repetitions) => repeatAfterMs(one, repetitions))

describe('a call that changes something', () => {
  it('is sent again for as long as its reply is lost', () => {
    expect(pausesOf(problem(0))).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000])
    expect(repeatAfterMs(problem(409, { code: 'in_progress', retryAfter: 1 }), 9)).toBe(4_000)
  })

  it('is sent again four times to a server that fails', () => {
    for (const failed of [problem(500), problem(502), problem(503, { more: { outcome: 'unknown' } })])
      expect(pausesOf(failed)).toEqual([500, 1_000, 2_000, 4_000, null, null])
  })

  it('waits as long as the server asks, and leaves a long wait to its user', () => {
    expect(repeatAfterMs(problem(503, { retryAfter: 3 }), 0)).toBe(3_000)
    expect(repeatAfterMs(problem(503, { retryAfter: 60 }), 0)).toBeNull()
  })

  it('is not sent again when the server says that it has no effect and names no pause', () => {
    expect(repeatAfterMs(problem(503, { more: { outcome: 'none' } }), 0)).toBeNull()
    expect(repeatAfterMs(problem(503, { more: { outcome: 'none' }, retryAfter: 1 }), 0)).toBe(1_000)
  })

  it('has its answer when it is refused, and then takes a new key', () => {
    for (const status of [400, 403, 404, 409, 412, 422, 429]) {
      expect(isUnanswered(problem(status, { retryAfter: 1 }))).toBe(false)
      expect(repeatAfterMs(problem(status, { retryAfter: 1 }), 0)).toBeNull()
    }
    expect(isUnanswered(problem(500))).toBe(true)
    expect(isUnanswered(problem(409, { code: 'in_progress' }))).toBe(true)
  })
})

describe('a call whose body names a time', () => {
  const silence = (at: number) => ({ body: { rule: 'r', until: at + 3_600_000 } })
  function clockedCalls() {
    let [time, keys] = [1_000, 0]
    return openCalls({ now: () => (time += 60_000), newKey: () => `key-${(keys += 1)}` })
  }

  it('is sent again with its key and its first body until it has an answer', () => {
    const calls = clockedCalls()
    const first = calls.begin('/silences', silence)
    const again = calls.begin('/silences', silence)
    expect(again.sent).toEqual(first.sent)
    again.answered()
    const next = calls.begin('/silences', silence)
    expect(next.sent.key).not.toBe(first.sent.key)
    expect(next.sent.body).not.toEqual(first.sent.body)
  })

  it('is another call once the server says that it has had no effect', () => {
    const calls = clockedCalls()
    const first = calls.begin('/silences', silence)
    first.hadNone()
    const next = calls.begin('/silences', silence)
    expect(next.sent.key).not.toBe(first.sent.key)
    expect(next.sent.body).not.toEqual(first.sent.body)
  })

  it('stays one call when only its last sending had no effect, and one before it was lost', () => {
    const calls = clockedCalls()
    const first = calls.begin('/silences', silence)
    first.lost()
    calls.begin('/silences', silence).hadNone()
    expect(calls.begin('/silences', silence).sent).toEqual(first.sent)
  })

  it('is another call when anything but its time is another', () => {
    const calls = clockedCalls()
    const keys = [
      calls.begin('/silences', silence),
      calls.begin('/silences', (at) => ({ body: { rule: 's', until: at } })),
      calls.begin('/pauses', silence),
      calls.begin('/silences', { body: { rule: 'r' } }),
    ].map(({ sent }) => sent.key)
    expect(new Set(keys).size).toBe(4)
  })

  it('has no key when its method makes a repetition unsafe', () => {
    expect(clockedCalls().begin('/orders/1', { method: 'PATCH', body: {}, ifMatch: 3 }).sent).toEqual({
      method: 'PATCH',
      body: {},
      ifMatch: 3,
    })
  })
})
