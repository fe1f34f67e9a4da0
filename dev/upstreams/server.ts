import type { IncomingMessage, ServerResponse } from 'node:http'
import { serveHttp } from '../system/serve-http.ts'
import { type Answer, json, nothingThere, type UpstreamRequest } from './answer.ts'
import { apod } from './apod.ts'
import { control } from './control.ts'
import { makeDonki } from './donki.ts'
import { type FaultName, faults, type Misbehaviour } from './faults.ts'
import { type Failing, type UpstreamName, type Upstreams, upstreamNames } from './handle.ts'
import { neows } from './neows.ts'
import { makeOsdr } from './osdr.ts'
import { makeCelestrak, openNotify, satnogs, wheretheiss } from './position.ts'

type Options = { now?: () => Date; datasets?: number }

/** Simulates the outside services that `space` reads, with their failures on demand. Needs no network. */
export async function startUpstreams({
  now = () => new Date(),
  datasets = 640,
}: Options = {}): Promise<Upstreams> {
  const osdr = makeOsdr(datasets)
  const donki = makeDonki()
  const nasa = keyed(makeQuota())
  const answers: Record<UpstreamName, (request: UpstreamRequest) => Answer> = {
    wheretheiss,
    'open-notify': openNotify,
    celestrak: makeCelestrak(),
    satnogs,
    osdr: osdr.answer,
    apod: nasa(apod),
    neows: nasa(neows),
    donki: nasa(donki.answer),
    ccmc: donki.answer,
  }
  const failing: Failing = new Map()
  const log: { upstream: UpstreamName; request: string }[] = []

  const { origin, close } = await serveHttp((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  const upstreams: Upstreams = {
    url: origin,
    fail: (upstream, fault, { times = Number.POSITIVE_INFINITY, matching = '' } = {}) =>
      failing.set(upstream, { fault, times, matching }),
    heal: () => failing.clear(),
    reset() {
      failing.clear()
      log.length = 0
      osdr.reset()
      donki.revised.clear()
      answers.celestrak = makeCelestrak()
    },
    calls: (upstream) =>
      log.flatMap((call) => (upstream && call.upstream !== upstream ? [] : [call.request])),
    datasets: osdr.datasets,
    revised: donki.revised,
    close,
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', upstreams.url)
    const [, first = '', ...rest] = url.pathname.split('/')
    if (first === 'control') return send(response, await control(request, rest, { upstreams, failing }))
    const upstream = upstreamNames.find((name) => name === first)
    if (!upstream) return send(response, nothingThere())
    const path = `/${rest.join('/')}`
    log.push({ upstream, request: `${path}${url.search}` })
    const headers = new Headers(
      Object.entries(request.headers).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, value]] : [],
      ),
    )
    const fault = nextFault(upstream, `${path}${url.search}`)
    const usual = answers[upstream]({ path, query: url.searchParams, headers, now: now() })
    return send(response, fault ? faults[fault](usual, now()) : usual)
  }

  function nextFault(upstream: UpstreamName, request: string): FaultName | null {
    const set = failing.get(upstream)
    if (!set?.times || !request.includes(set.matching)) return null
    set.times -= 1
    if (set.times <= 0) failing.delete(upstream)
    return set.fault
  }

  return upstreams
}

function send(response: ServerResponse, answer: Misbehaviour): void {
  if (answer === 'hang') return
  if (answer === 'reset') {
    response.socket?.destroy()
    return
  }
  if (answer === 'stall') {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"half": ')
    return
  }
  if (answer === 'endless') return sendWithoutEnd(response)
  response.writeHead(answer.status, answer.headers).end(answer.body)
}

function sendWithoutEnd(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
  }
  response.on('drain', more)
  more()
}

/** A key may send a thousand requests an hour to all of api.nasa.gov. */
function makeQuota(): (now: Date) => number {
  let [hour, used] = [0, 0]
  return (now) => {
    const current = Math.floor(now.getTime() / 3_600_000)
    if (current !== hour) [hour, used] = [current, 0]
    used += 1
    return 1_000 - used
  }
}

/** The gateway of api.nasa.gov refuses calls without a key, and answers the others with the rest of their quota. */
function keyed(quota: (now: Date) => number) {
  return (answer: (request: UpstreamRequest) => Answer) =>
    (request: UpstreamRequest): Answer => {
      if (!request.headers.has('x-api-key') && !request.query.has('api_key')) return faults['key-missing']()
      const left = Math.max(0, quota(request.now))
      const quotaHeaders = { 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': String(left) }
      if (left === 0)
        return json({ error: { code: 'OVER_RATE_LIMIT', message: 'wait' } }, 429, {
          ...quotaHeaders,
          'retry-after': '600',
        })
      const usual = answer(request)
      return { ...usual, headers: { ...usual.headers, ...quotaHeaders } }
    }
}
