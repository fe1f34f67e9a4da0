import type { RequestListener } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type HttpServer, serveHttp } from '../../dev/system/serve-http.ts'
import { send } from '../../functions/core/send.ts'

let server: HttpServer | undefined
let calls = 0

async function answering(answer: RequestListener): Promise<string> {
  calls = 0
  server = await serveHttp((request, response) => {
    calls += 1
    answer(request, response)
  })
  return server.origin
}

afterEach(async () => {
  vi.restoreAllMocks()
  await server?.close()
  server = undefined
})

const attempt = (url: string, allowed = [url]) =>
  send({ url, headers: {}, body: '{}', allowed, resolver: undefined, longestWaitMs: 60_000 })
const status =
  (code: number, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(code, headers).end('never read')

describe('an attempt', () => {
  it.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [302, 'redirect'],
    [400, 'refused'],
    [410, 'gone'],
    [429, 'rate_limited'],
    [500, 'refused'],
  ])('that gets the status %d is %s', async (code, outcome) => {
    expect(await attempt(await answering(status(code)))).toMatchObject({ outcome, status: code })
  })

  it('follows no redirect', async () => {
    const url = await answering((request, response) => {
      if (request.url === '/') response.writeHead(307, { location: '/elsewhere' }).end()
      else response.writeHead(200).end()
    })
    expect(await attempt(url)).toMatchObject({ outcome: 'redirect' })
    expect(calls).toBe(1)
  })

  it('reports the pause that the receiver requires', async () => {
    const url = await answering(status(503, { 'retry-after': '7' }))
    expect(await attempt(url)).toMatchObject({ retryAfterMs: 7_000 })
  })

  it('sends nothing to an address that is not public', async () => {
    const url = await answering(status(200))
    expect(await attempt(url.replace('http:', 'https:'), [])).toMatchObject({
      outcome: 'private_address',
      status: null,
    })
    expect(calls).toBe(0)
  })

  it('ends after ten seconds, also while the receiver says nothing', async () => {
    const patience = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(patience.signal)
    const url = await answering(() => patience.abort())
    expect(await attempt(url)).toMatchObject({ outcome: 'timeout', status: null })
    expect(timeout.mock.calls).toEqual([[10_000]])
  })
})
