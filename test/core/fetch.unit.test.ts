import type { RequestListener } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { type HttpServer, serveHttp } from '../../dev/system/serve-http.ts'
import { type Health, unknownHealth } from '../../functions/core/circuit.ts'
import { callUpstream, notJson, type Upstream, workerRuntime } from '../../functions/core/fetch.ts'

const upstream: Upstream = { name: 'stub', timeoutMs: 10_000, maxBytes: 10_000, unusable: notJson }
/** For servers that never finish: the only ones that may run into the timeout. */
const hasty: Upstream = { ...upstream, timeoutMs: 300 }

let server: HttpServer | undefined
let calls = 0

async function answering(...script: RequestListener[]): Promise<string> {
  await server?.close()
  calls = 0
  server = await serveHttp((request, response) => {
    const step = script[Math.min(calls, script.length - 1)]
    calls += 1
    step?.(request, response)
  })
  return `${server.origin}/path?api_key=secret`
}

afterEach(async () => {
  await server?.close()
  server = undefined
})

const good: RequestListener = (_, response) => response.end('{"ok":true}')
const status =
  (code: number, headers: Record<string, string> = {}, body = '{}'): RequestListener =>
  (_, response) =>
    response.writeHead(code, headers).end(body)
const body = (text: string): RequestListener => status(200, {}, text)
const silent: RequestListener = () => undefined

/** Real network, a clock that sleeping moves. */
function world(at = '2026-11-20T10:00:00Z') {
  let ms = Date.parse(at)
  const slept: number[] = []
  return {
    slept,
    fetch: workerRuntime.fetch,
    now: () => new Date(ms),
    sleep: async (pause: number) => {
      slept.push(pause)
      ms += pause
    },
    random: () => 0.5,
  }
}

const call = (
  url: string,
  { health = unknownHealth, on = upstream, in: w = world(), budgetMs = 20_000 } = {},
) => callUpstream(on, { url, health, budgetMs }, w)

describe('callUpstream', () => {
  it('returns the answer, and clears earlier failures', async () => {
    const url = await answering(good)
    const called = await call(url, { health: { ...unknownHealth, failures: 3 } })
    expect(called).toMatchObject({ ok: true, attempts: 1, answer: { status: 200, body: '{"ok":true}' } })
    expect(called.health.failures).toBe(0)
  })

  it.each([
    ['server_error', status(500)],
    ['server_error', status(503, { 'content-type': 'text/html' }, '<html>')],
    ['rate_limited', status(429)],
    ['timeout', silent],
    ['network', (request) => request.socket.destroy()],
    ['unusable', body('<!DOCTYPE html><title>Application Error</title>')],
    ['unusable', body('{"cut": "sho')],
    ['unusable', body('')],
  ] satisfies [string, RequestListener][])(
    'tries again after %s, two times, and then says so',
    async (reason, step) => {
      const w = world()
      const on = reason === 'timeout' ? hasty : upstream
      const called = await call(await answering(step), { on, in: w })
      expect(called).toMatchObject({ ok: false, reason, attempts: 3 })
      expect(calls).toBe(3)
      expect(w.slept).toEqual([250, 500])
    },
  )

  it.each([
    ['refused', status(404)],
    ['refused', status(403, {}, '{"error":{"code":"API_KEY_INVALID"}}')],
    ['redirect', status(302, { location: 'http://169.254.169.254/' })],
    ['too_large', body(`"${'x'.repeat(20_000)}"`)],
  ] satisfies [string, RequestListener][])('does not repeat what was %s', async (reason, step) => {
    expect(await call(await answering(step))).toMatchObject({ ok: false, reason, attempts: 1 })
    expect(calls).toBe(1)
  })

  it('succeeds when a later attempt does', async () => {
    expect(await call(await answering(status(500), good))).toMatchObject({ ok: true, attempts: 2 })
  })

  it('ends a body that is endless, and a body that stalls', async () => {
    const endless: RequestListener = (_, response) => {
      const more = () => {
        while (response.write('x'.repeat(5_000)));
        response.once('drain', more)
      }
      more()
    }
    expect(await call(await answering(endless))).toMatchObject({ ok: false, reason: 'too_large' })
    const stalled: RequestListener = (_, response) => response.write('{"a":')
    expect(await call(await answering(stalled), { on: { ...hasty, retries: 0 } })).toMatchObject({
      ok: false,
      reason: 'timeout',
    })
  })

  it('waits as long as Retry-After says when that fits the budget, and gives up when it does not', async () => {
    const w = world()
    const soon = await call(await answering(status(429, { 'retry-after': '3' }), good), { in: w })
    expect(soon).toMatchObject({ ok: true, attempts: 2 })
    expect(w.slept).toEqual([3_000])
    const late = await call(await answering(status(429, { 'retry-after': '57263' }), good))
    expect(late).toMatchObject({ ok: false, reason: 'rate_limited', attempts: 1 })
    expect(late.health.quotaUntil).toEqual(new Date(Date.parse('2026-11-20T10:00:00Z') + 57_263_000))
  })

  it.each(['999999999', '9'.repeat(300), 'Sun, 20 Nov 2036 10:00:00 GMT'])(
    'stays silent for a day at most, whatever Retry-After says: %s',
    async (wish) => {
      const headers = { 'retry-after': wish, 'x-ratelimit-limit': '9'.repeat(40) }
      const { health } = await call(await answering(status(429, headers)))
      expect(health.quotaUntil).toEqual(new Date('2026-11-21T10:00:00Z'))
      expect(health.quotaLimit).toBeNull()
    },
  )

  it('pauses by its own schedule when Retry-After is unreadable', async () => {
    const w = world()
    await call(await answering(status(503, { 'retry-after': '-5' }), good), { in: w })
    expect(w.slept).toEqual([250])
  })

  it('accepts a failing status as an answer when the upstream declares it meaningful', async () => {
    const url = await answering(status(403, {}, 'GP data has not updated'))
    const on = {
      ...upstream,
      meansSomething: (answer: { body: string }) => answer.body.startsWith('GP data'),
    }
    expect(await call(url, { on })).toMatchObject({ ok: true, attempts: 1, answer: { status: 403 } })
  })

  it('puts neither the URL nor its key into a reason', async () => {
    const refused = await call('http://127.0.0.1:1/path?api_key=secret')
    const failures = [refused, await call(await answering(status(500)))]
    for (const told of failures) expect(JSON.stringify(told)).not.toMatch(/secret|127\.0\.0\.1/)
  })
})

describe('the quota', () => {
  it('is recorded from the headers, and with nothing left there is no call until it is renewed', async () => {
    const url = await answering(status(200, { 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': '0' }))
    const last = await call(url)
    expect(last).toMatchObject({ ok: true, health: { quotaLimit: 1_000, quotaLeft: 0 } })
    const none = await call(url, { health: last.health })
    expect(none).toMatchObject({ ok: false, reason: 'quota_exhausted', attempts: 0 })
    expect(calls).toBe(1)
    const renewed = await call(url, { health: last.health, in: world('2026-11-20T11:00:01Z') })
    expect(renewed).toMatchObject({ ok: true })
    expect(calls).toBe(2)
  })

  it('is unknown without a header: a bare 429 is a failure and does not block an hour of calls', async () => {
    const called = await call(await answering(status(429)))
    expect(called.health).toMatchObject({ quotaLeft: null, quotaUntil: null, failures: 1 })
  })
})

describe('the circuit', () => {
  const failing = async (times: number, from: Health = unknownHealth) => {
    const url = await answering(status(404))
    let health = from
    for (let time = 0; time < times; time += 1) health = (await call(url, { health })).health
    return { url, health }
  }

  it('opens after five failed calls, and lets nothing through until its pause is over', async () => {
    const { url, health } = await failing(5)
    expect(health.openUntil).toEqual(new Date('2026-11-20T10:01:00Z'))
    expect(await call(url, { health })).toMatchObject({ ok: false, reason: 'circuit_open', attempts: 0 })
    expect(calls).toBe(5)
  })

  it('stays closed after four', async () => {
    const { health } = await failing(4)
    expect(health.openUntil).toBeNull()
  })

  it('makes one attempt after the pause: failure doubles the pause, success closes the circuit', async () => {
    const { health } = await failing(5)
    const url = await answering(status(500), good)
    const again = await call(url, { health, in: world('2026-11-20T10:02:00Z') })
    expect(again).toMatchObject({ ok: false, attempts: 1 })
    expect(again.health.openUntil).toEqual(new Date('2026-11-20T10:04:00Z'))
    const healed = await call(url, { health: again.health, in: world('2026-11-20T10:05:00Z') })
    expect(healed).toMatchObject({ ok: true, health: { failures: 0, openUntil: null } })
  })

  it('never pauses longer than an hour', async () => {
    const url = await answering(status(404))
    const called = await call(url, { health: { ...unknownHealth, failures: 40 } })
    expect(called.health.openUntil).toEqual(new Date('2026-11-20T11:00:00Z'))
  })
})
