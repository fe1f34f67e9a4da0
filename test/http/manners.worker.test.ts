import http from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { freshFetch } from '../../dev/system/fresh-fetch.ts'
import { openApiDocument } from '../../functions/http/openapi.ts'
import { letLocksWait } from '../core/barrier.ts'
import { endpoints, webhooks } from '../support/system.ts'
import { freshWorker } from '../support/worker.ts'

const lines: string[] = []
const app = await freshWorker({
  pages: true,
  bindings: { CORS_ORIGINS: 'https://shop.example' },
  onLog: (line) => lines.push(line),
})
await letLocksWait(app.database)
afterEach(() => app.faults.clear())

const admin = { authorization: `Bearer ${await app.token('admin', 'someone')}` }
const stores = '/v1/dispatch/stores'
const store = { name: 'Baker', pickupAddress: '1 Market Street' }

const send = (method: string, path: string, body: object, headers: Record<string, string> = {}) =>
  app.fetch(path, {
    method,
    headers: { ...admin, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
const post = (body: object, headers?: Record<string, string>) => send('POST', stores, body, headers)
const get = (path: string, headers: Record<string, string> = {}) =>
  app.fetch(path, { headers: { ...admin, ...headers } })
const storesStored = async () =>
  (await app.database.admin.query('select count(*)::int as n from dispatch.stores')).rows[0].n

describe('every answer', () => {
  it('carries the id of its request: the caller’s if it is valid, else a generated one', async () => {
    const idOf = async (sent: string) =>
      (await app.fetch('/healthz', { headers: { 'x-request-id': sent } })).headers.get('x-request-id')
    expect(await idOf('trace-1:a.b_c')).toBe('trace-1:a.b_c')
    for (const odd of ['', 'a b', '<script>', 'x'.repeat(129), '"; drop table']) {
      const given = await idOf(odd)
      expect(given).not.toBe(odd)
      expect(given).toMatch(/^[\da-f-]{36}$/)
    }
    const refused = await app.fetch('/nowhere', { headers: { 'x-request-id': 'mine' } })
    expect(await refused.json()).toMatchObject({ requestId: 'mine' })
  })

  it('is one line in the log with principal, route and duration, and without secrets', async () => {
    lines.length = 0
    const recipient = { 'x-request-id': 'logged-1' }
    await post({ ...store, name: 'A secret name' }, recipient)
    // The log of the Worker comes by another way than its answer.
    const logged = () => lines.find((text) => text.includes('logged-1'))
    await expect.poll(logged).toBeDefined()
    expect(JSON.parse(logged() ?? '')).toMatchObject({
      level: 'info',
      event: 'request',
      requestId: 'logged-1',
      route: 'POST /v1/dispatch/stores',
      principal: 'admin:someone',
      status: 201,
      ms: expect.any(Number),
      trips: 1,
    })
    const all = lines.join('\n')
    for (const secret of [
      'A secret name',
      admin.authorization.slice(7),
      'lockstep_worker:',
      '1 Market Street',
    ])
      expect(all).not.toContain(secret)
  })

  it('that refuses in order is no error in the log; one that failed is, with its stack', async () => {
    const lineOf = async (path: string, id: string) => {
      await app.fetch(path, { headers: { 'x-request-id': id } })
      const of = () => lines.map((line) => JSON.parse(line)).find((line) => line.requestId === id)
      await expect.poll(of).toBeDefined()
      return of()
    }
    expect(await lineOf('/v1/space/iss', 'refused-1')).toMatchObject({
      level: 'info',
      event: 'refused',
      route: 'GET /v1/space/iss',
      code: 'no_data_yet',
      detail: 'No data has been collected yet',
    })
    app.faults.set({ refuse: 1 })
    expect(await lineOf('/v1/space/osdr/datasets', 'failed-1')).toMatchObject({
      level: 'error',
      event: 'request',
      route: 'GET /v1/space/osdr/datasets',
      error: { stack: expect.stringContaining('at ') },
    })
  })

  it('has the security headers for browsers', async () => {
    for (const response of [await app.fetch('/healthz'), await app.fetch('/nowhere'), await get(stores)])
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      })
  })

  it('to a caller with a token is private', async () => {
    for (const response of [await get(stores), await post(store)])
      expect(response.headers.get('cache-control')).toBe('private, no-store')
  })

  it('without a token is kept by no cache unless it says so', async () => {
    for (const path of ['/healthz', '/', '/postback/nobody', '/c/nowhere'])
      expect([path, (await app.fetch(path)).headers.get('cache-control')]).toEqual([
        path,
        expect.stringContaining('no-store'),
      ])
  })

  it('that used Postgres reports round trips and time; others do not', async () => {
    const { headers } = await get(stores)
    expect(headers.get('x-db-round-trips')).toBe('1')
    expect(headers.get('server-timing')).toMatch(
      /^db;dur=\d+(\.\d)?;desc="dispatch.list-stores", trips;desc="1"$/,
    )
    const none = await app.fetch('/healthz')
    expect([none.headers.get('x-db-round-trips'), none.headers.get('server-timing')]).toEqual([null, null])
  })

  it('to a write has its position, and a read that sends the position succeeds', async () => {
    const position = (await post(store)).headers.get('x-position') ?? ''
    expect(position).toMatch(/^\d+$/)
    expect((await get(stores, { 'x-position': position })).status).toBe(200)
    expect((await get(stores, { 'x-position': 'no position' })).status).toBe(200)
  })
})

describe('HEAD', () => {
  it('answers like GET, without the body', async () => {
    const [whole, head] = [await app.fetch('/healthz'), await app.fetch('/healthz', { method: 'HEAD' })]
    expect([head.status, head.headers.get('content-type')]).toEqual([200, whole.headers.get('content-type')])
    expect(await head.text()).toBe('')
  })

  it('is refused like GET', async () => {
    expect((await app.fetch(stores, { method: 'HEAD' })).status).toBe(401)
  })
})

describe('a version', () => {
  const createdStore = async () => {
    const response = await post(store)
    return { path: response.headers.get('location') ?? '', etag: response.headers.get('etag') ?? '' }
  }

  it('is the ETag, and a client that sends it gets 304', async () => {
    const { path, etag } = await createdStore()
    expect(etag).toBe('"1"')
    for (const tags of ['"1"', 'W/"1"', '"7", "1"', '*']) {
      const unchanged = await get(path, { 'if-none-match': tags })
      expect([tags, unchanged.status, unchanged.headers.get('etag'), await unchanged.text()]).toEqual([
        tags,
        304,
        '"1"',
        '',
      ])
    }
    for (const tags of ['"2"', '1', '"11"', ''])
      expect((await get(path, { 'if-none-match': tags })).status).toBe(200)
    const head = await app.fetch(path, { method: 'HEAD', headers: { ...admin, 'if-none-match': '"1"' } })
    expect(head.status).toBe(304)
  })

  it('that is stale changes nothing and gets the current one', async () => {
    const { path } = await createdStore()
    const [first, second] = [
      await send('PATCH', path, { name: 'One' }, { 'if-match': '"1"' }),
      await send('PATCH', path, { name: 'Two' }, { 'if-match': '"1"' }),
    ]
    expect([first.status, first.headers.get('etag')]).toEqual([200, '"2"'])
    expect(second.status).toBe(412)
    expect(await second.json()).toMatchObject({ code: 'version_mismatch', current: 2 })
    expect(await (await get(path)).json()).toMatchObject({ name: 'One', version: 2 })
  })
})

describe('an Idempotency-Key', () => {
  it('gives fifty requests one effect and one answer', async () => {
    const before = await storesStored()
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => post(store, { 'idempotency-key': 'fifty' })),
    )
    const answers = await Promise.all(
      responses.map(async (response) => `${response.status} ${await response.text()}`),
    )
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^201 /)
    expect(responses.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(49)
    const positions = new Set(responses.map(({ headers }) => headers.get('x-position')))
    expect([...positions]).toEqual([expect.stringMatching(/^\d+$/)])
    expect(await storesStored()).toBe(before + 1)
    expect(new Set(responses.map(({ headers }) => headers.get('location'))).size).toBe(1)
  })

  it('is refused for another body and for another query, and not for another order of members', async () => {
    const key = { 'idempotency-key': 'body' }
    const first = await post(store, key)
    expect((await post({ ...store, name: 'Other' }, key)).status).toBe(422)
    const reordered = await post({ pickupAddress: store.pickupAddress, name: store.name }, key)
    expect([first.status, reordered.status, reordered.headers.get('idempotency-replayed')]).toEqual([
      201,
      201,
      'true',
    ])
  })

  it('belongs to one principal and one route', async () => {
    const key = { 'idempotency-key': 'mine' }
    const other = { authorization: `Bearer ${await app.token('admin', 'other')}` }
    const before = await storesStored()
    expect((await post(store, key)).status).toBe(201)
    expect((await post(store, { ...key, ...other })).headers.get('idempotency-replayed')).toBe(null)
    const courier = await send('POST', '/v1/dispatch/couriers', { name: 'C' }, key)
    expect([courier.status, courier.headers.get('idempotency-replayed')]).toEqual([201, null])
    expect(await storesStored()).toBe(before + 2)
  })

  it('returns the answer of a request whose reply was lost after the commit', async () => {
    const before = await storesStored()
    app.faults.set({ cutAfterCommit: 1, times: 1 })
    const lost = await post(store, { 'idempotency-key': 'lost' })
    expect([lost.status, lost.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await lost.json()).toMatchObject({ code: 'unavailable', outcome: 'unknown', retryable: true })
    const again = await post(store, { 'idempotency-key': 'lost' })
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    expect(await storesStored()).toBe(before + 1)
  })
})

describe('another origin', () => {
  const from = (origin: string, path: string, more: Record<string, string> = {}) =>
    app.fetch(path, { headers: { origin, ...more } })
  const allowed = (response: Response) => response.headers.get('access-control-allow-origin')
  const preflight = (origin: string, path: string) =>
    app.fetch(path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    })

  it('may read public routes', async () => {
    expect(allowed(await from('https://any.example', '/healthz'))).toBe('*')
    expect(allowed(await from('https://any.example', '/openapi.json'))).toBe('*')
  })

  it('may use a token only if it is configured', async () => {
    const [known, unknown] = ['https://shop.example', 'https://evil.example']
    expect(allowed(await from(known, stores, admin))).toBe(known)
    expect(allowed(await from(unknown, stores, admin))).toBe(null)
    expect(allowed(await preflight(unknown, stores))).toBe(null)
    const { status, headers } = await preflight(known, stores)
    expect([status, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([
      204,
      known,
      expect.stringContaining('Origin'),
    ])
    expect(headers.get('access-control-allow-headers')).toContain('idempotency-key')
    expect(headers.get('access-control-allow-credentials')).toBe(null)
  })

  it('may send each header that the document names, and each that its client adds', async () => {
    const documented = JSON.stringify(openApiDocument(endpoints, webhooks)).matchAll(
      /"name":"([\w-]+)","in":"header"/g,
    )
    const added = [
      'Cache-Control',
      'Pragma',
      'X-Requested-With',
      'Traceparent',
      'Sentry-Trace',
      'Content-Encoding',
    ]
    const names = [...new Set([...documented].map(([, name]) => name ?? '')), ...added]
    const { headers } = await app.fetch(stores, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://shop.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': names.join(', '),
      },
    })
    const granted = headers.get('access-control-allow-headers')?.split(',') ?? []
    expect(names.filter((name) => !granted.includes(name.toLowerCase()))).toEqual([])
  })

  it('may read each header that the document names, in refusals too', async () => {
    const { components } = openApiDocument(endpoints, webhooks) as { components: { headers: object } }
    // A browser always shows this one.
    const hidden = Object.keys(components.headers).filter((name) => name !== 'Cache-Control')
    for (const path of ['/healthz', `${stores}?zzz=1`, '/nowhere']) {
      const { headers } = await from('https://shop.example', path, admin)
      const shown = headers.get('access-control-expose-headers')?.split(',') ?? []
      expect([path, hidden.filter((name) => !shown.includes(name))]).toEqual([path, []])
    }
  })
})

describe('a person', () => {
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
  const open = (path: string, accept = browser) =>
    freshFetch(`${app.url}${path}`, { redirect: 'manual', headers: { accept } })

  it.each([
    ['/', 200],
    ['/app', 200],
    ['/app/anything', 200],
    ['/nowhere', 404],
    ['/v1/nowhere', 404],
  ])('who opens %s gets a page, with %i and the policy of pages', async (path, expected) => {
    const { status, headers } = await open(path)
    expect([status, headers.get('content-type')]).toEqual([expected, 'text/html; charset=utf-8'])
    expect(headers.get('content-security-policy')).toContain("require-trusted-types-for 'script'")
    expect(headers.get('vary')).toContain('Accept')
  })

  it.each([
    ['/docs/', '/docs'],
    ['/app/orders/?status=new', '/app/orders?status=new'],
    ['//other.example/', '/other.example'],
  ])('who types a slash too many in %s is sent to %s', async (path, location) => {
    const { status, headers } = await open(path)
    expect([status, headers.get('location')]).toEqual([302, location])
  })

  it('gets scripts that may be kept for a year, and a shell that is checked at each visit', async () => {
    const shell = await open('/')
    const script = /src="([^"]+)"/.exec(await shell.text())?.[1] ?? ''
    const { status, headers } = await open(script, '*/*')
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
    expect(shell.headers.get('cache-control')).toContain('max-age=0')
    expect((await open('/app/assets/nothing.js')).status).toBe(404)
  })
})

describe('a program', () => {
  it.each(['/app', '/app/orders', '/docs/', '/nowhere'])('gets a problem at %s', async (path) => {
    const response = await freshFetch(`${app.url}${path}`)
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'not_found' }])
  })

  it('finds the way to the contract at /', async () => {
    const response = await app.fetch('/')
    expect(await response.json()).toMatchObject({ contract: '/openapi.json', documentation: '/docs' })
  })
})

describe('the document', () => {
  it('is served as it is written', async () => {
    const response = await app.fetch('/openapi.json')
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument(endpoints, webhooks))))
  })

  it('has a page that loads nothing from another origin', async () => {
    const response = await app.fetch('/docs')
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toMatch(/https?:|\*/)
    const page = await response.text()
    expect(page).not.toMatch(/<script>|https?:\/\/|onload=/)
    // An empty icon, so that the browser requests none.
    const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)]
      .map(([, path]) => path ?? '')
      .filter((path) => path !== 'data:,')
    expect(assets.length).toBeGreaterThan(2)
    for (const path of assets) {
      expect(path).toMatch(/^\//)
      const asset = await app.fetch(path)
      expect([path, asset.status]).toEqual([path, 200])
      expect(asset.headers.get('x-content-type-options')).toBe('nosniff')
      expect(asset.headers.get('content-type')).toMatch(path.endsWith('.css') ? /css/ : /javascript/)
    }
  })
})

describe('a connection', () => {
  it('is kept when a body was refused unread, so the caller’s next request arrives', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const sockets = new Set<unknown>()
    const request = (method: string, path: string, body?: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const sending = http.request(`${app.url}${path}`, { method, agent }, (answer) => {
          sockets.add(answer.socket)
          answer.resume().on('end', () => resolve(answer.statusCode))
        })
        sending.on('error', reject)
        sending.end(body)
      })
    for (const size of [2, 10_000, 200_000])
      for (let round = 0; round < 5; round += 1) {
        expect(await request('POST', stores, 'x'.repeat(size))).toBe(401)
        expect(await request('GET', '/healthz')).toBe(200)
      }
    agent.destroy()
    expect(sockets.size).toBe(1)
  })
})
