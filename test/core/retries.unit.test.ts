import { describe, expect, it } from 'vitest'
import { unknownHealth } from '../../functions/core/circuit.ts'
import { callUpstream, notJson, type Upstream } from '../../functions/core/fetch.ts'

const upstream: Upstream = { name: 'stub', timeoutMs: 10_000, maxBytes: 10_000, unusable: notJson }

/** Calls an upstream that answers with these responses or errors, on a clock that only pauses move. */
async function called(script: (Response | Error)[], random = 0.5) {
  let ms = Date.parse('2026-11-20T10:00:00Z')
  const paused: number[] = []
  const answers = script.values()
  const runtime = {
    fetch: async () => {
      const { value = new Response('{}') } = answers.next()
      if (value instanceof Error) throw value
      return value
    },
    now: () => new Date(ms),
    sleep: async (pause: number) => {
      paused.push(pause)
      ms += pause
    },
    random: () => random,
  }
  const call = { url: 'https://example.com/?api_key=secret', health: unknownHealth, budgetMs: 20_000 }
  return { ...(await callUpstream(upstream, call, runtime)), paused }
}

const failing = (headers = {}) => new Response('', { status: 500, headers })

describe('the pauses between attempts', () => {
  it.each([
    [0, [125, 250]],
    [0.5, [250, 500]],
    [1, [375, 750]],
  ])('move by half either way with the random number %d, and double', async (random, paused) => {
    expect(await called([failing(), failing()], random)).toMatchObject({ ok: true, attempts: 3, paused })
  })
})

it('an answer that leaves no quota is not followed by another attempt', async () => {
  expect(await called([failing({ 'x-ratelimit-remaining': '0' })])).toMatchObject({
    ok: false,
    reason: 'server_error',
    attempts: 1,
    paused: [],
  })
})

it('a reason does not repeat the message of a network error, which may contain the URL', async () => {
  const broken = new TypeError('cannot reach https://example.com/?api_key=secret')
  const { paused: _, ...outcome } = await called([broken, broken, broken])
  expect(outcome).toMatchObject({ ok: false, reason: 'network', detail: 'TypeError' })
})
