import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { send } from '../../functions/core/send.ts'

let server: Server | undefined
let calls = 0

async function answering(answer: RequestListener): Promise<string> {
  calls = 0
  server = createServer((request, response) => {
    calls += 1
    answer(request, response)
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

afterEach(async () => {
  vi.restoreAllMocks()
  server?.closeAllConnections()
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)))
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
