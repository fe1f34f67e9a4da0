import type { Page, Request, Route } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { freshBrowser, openPage, pageIn, violations } from '../../support/browser.ts'
import { choose } from '../../support/keyboard.ts'
import { tryAgain } from '../../support/panels.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'

const app = await freshWorker({ pages: true, bindings: { DEV_SIGN_IN: '1' } })
const browser = await freshBrowser()
const admin = `Bearer ${await app.token('admin', 1)}`

type Row = { id: number; status: string; version: number; courierId: number | null; fence: number }

async function call(path: string, body?: object, token = admin): Promise<Row & { data: Row[] }> {
  const answer = await app.fetch(`/v1/dispatch${path}`, {
    headers: { authorization: token, 'content-type': 'application/json' },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  return answer.json()
}

const parcel = {
  deliveryAddress: '1 Long Lane',
  recipientName: 'Ada',
  phone: '+44 20 7946 0000',
  boxesCount: 1,
}
const store = await call('/stores', { name: 'Bakery', pickupAddress: '7 Market Street' })
const newOrder = (more: object = {}) => call('/orders', { ...parcel, storeId: store.id, ...more })
// The sign-in of the dashboard offers courier 7.
for (let n = 1; n <= 8; n += 1)
  await call('/couriers', { name: `Courier ${n}`, available: true, capacityBoxes: 200 })

const asAdmin = { role: 'admin', sub: '1' }
const asCourier = { role: 'courier', sub: '7' }
const open = (path: string, visit: Parameters<typeof openPage>[2] = {}) =>
  openPage(browser, `${app.url}${path}`, visit)

describe('the keyboard alone', () => {
  it('signs a courier in, claims an order and delivers it', async () => {
    const { id } = await newOrder()
    const page = await open('/app')
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByRole('button', { name: /^Courier 7/ }).waitFor()
    await choose(page, /^Courier 7/)
    await page.getByRole('heading', { name: 'Work' }).waitFor()
    await page.getByText(/of 200/).waitFor()
    let held: Row | undefined
    while (held?.id !== id) {
      await choose(page, /^Claim the next order/)
      await expect
        .poll(async () => (await call('/orders?status=assigned&courierId=7')).data.length, soon)
        .toBe(1)
      ;[held] = (await call('/orders?status=assigned&courierId=7')).data
      const task = page.getByRole('article', { name: `Order ${held?.id}` })
      for (const [label, status] of [
        ['Accept', 'accepted'],
        ['Picked up', 'picked_up'],
        ['Delivered', 'delivered'],
      ] as const) {
        await task.getByRole('button', { name: label, exact: true }).waitFor()
        await choose(page, new RegExp(`^${label}$`))
        await expect.poll(async () => (await call(`/orders/${held?.id}`)).status, soon).toBe(status)
      }
    }
    expect(page.faults).toEqual([])
    await page.context().close()
  })
})

/** Each claim reaches Postgres. The answer of the first one does not reach the page, which gets `instead`. */
async function firstClaimLost(page: Page, instead: (route: Route) => Promise<void>) {
  const keys: string[] = []
  const claims: Row[] = []
  await page.route('**/claim-next', async (route) => {
    keys.push(route.request().headers()['idempotency-key'] ?? '')
    const answer = await route.fetch({ maxRetries: 3 })
    claims.push(await answer.json())
    return claims.length > 1 ? route.fulfill({ response: answer }) : instead(route)
  })
  return { keys, claims }
}

/**
 * Both answers name one claim, and it happened once. Leases of other tests may end meanwhile, so only the order that was claimed is
 * counted. A claim of it before this one had another fence.
 */
async function expectOneClaim([first, second]: readonly Row[]): Promise<void> {
  expect([second?.id, second?.fence]).toEqual([first?.id, first?.fence])
  expect(await claimsOf(first?.id, first?.fence)).toHaveLength(1)
}

describe('a claim whose reply is lost', () => {
  it('is sent again with its key and has one effect', async () => {
    await newOrder()
    await newOrder()
    const page = await open('/app/work', { as: asCourier })
    const { keys, claims } = await firstClaimLost(page, (route) => route.abort('connectionreset'))
    await page.getByRole('button', { name: 'Claim the next order' }).click()
    await page.getByRole('button', { name: /outcome unknown/ }).waitFor()
    await page.getByRole('button', { name: 'Claim the next order' }).waitFor()
    expect([keys.length, new Set(keys).size]).toEqual([2, 1])
    await expectOneClaim(claims)
    await page.context().close()
  })
})

/** The claims of an order since a fence. */
async function claimsOf(id = 0, fence = 0): Promise<unknown[]> {
  const answer = await app.fetch(`/v1/dispatch/orders/${id}/events`, { headers: { authorization: admin } })
  const { data } = await answer.json<{ data: { type: string; fence: number }[] }>()
  return data.filter((event) => event.type === 'claimed' && event.fence >= fence)
}

describe('a claim whose server fails', () => {
  it('keeps its key until it has an answer, and then has had one effect', async () => {
    await newOrder()
    await newOrder()
    const page = await open('/app/work', { as: asCourier })
    const { keys, claims } = await firstClaimLost(page, (route) =>
      // A long pause is left to the user.
      route.fulfill({ ...refused, headers: { 'retry-after': '60' } }),
    )
    const button = page.getByRole('button', { name: 'Claim the next order' })
    await button.click()
    await page.getByText('database_away').waitFor()
    await button.click()
    await expect.poll(() => keys.length, soon).toBe(2)
    // Its name is back once the answer has arrived.
    await button.waitFor()
    expect(new Set(keys).size).toBe(1)
    await expectOneClaim(claims)
    await button.click()
    await expect.poll(() => new Set(keys).size, soon).toBe(2)
    await button.waitFor()
    await page.context().close()
  })

  it('that is refused is not announced as an empty list of orders', async () => {
    const page = await open('/app/work', { as: asCourier })
    await page.route('**/claim-next', (route) => route.fulfill({ ...refused, status: 409 }))
    await page.getByRole('button', { name: 'Claim the next order' }).click()
    await page.getByText('database_away').waitFor()
    await page.getByRole('button', { name: 'Claim the next order', disabled: false }).waitFor()
    expect(await page.locator('p[aria-live="polite"]').textContent()).toBe('')
    await page.context().close()
  })
})

describe('a delivery', () => {
  it('is not called final while nobody knows whether it can be undone', async () => {
    const courier = `Bearer ${await app.token('courier', 7)}`
    const { id } = await newOrder()
    const { fence } = await call(`/orders/${id}/claim`, { accept: true }, courier)
    await call(`/orders/${id}/pickup`, { fence }, courier)
    await call(`/orders/${id}/deliver`, { fence }, courier)
    const page = await open('/app', { as: asCourier })
    await page.route(/\/v1\/dispatch\/orders\/\d+$/, (route) => route.fulfill(refused))
    await page.goto(`${app.url}/app/work`)
    const task = page.getByRole('article', { name: `Order ${id}` })
    await task.getByText('database_away').waitFor()
    expect(await task.getByText('final').count()).toBe(0)
    await page.unrouteAll()
    await task.getByRole('button', { name: 'Try again' }).click()
    await task.getByText(/^Undo the delivery$|^The delivery is final/).waitFor()
    await page.context().close()
  })
})

describe('a panel', () => {
  it('keeps its data, greyed, when its next read fails, and offers to try again', async () => {
    await newOrder()
    const page = await open('/app/orders', { as: asAdmin })
    const panel = page.getByRole('region', { name: 'All orders' })
    await panel.locator('tbody tr').first().waitFor()
    // The stream is connected once it has shown an order.
    const { id } = await newOrder()
    await page.locator(`.board a[href="/app/orders/${id}"]`).waitFor()
    const rows = await panel.locator('tbody tr').count()
    await page.route('**/v1/dispatch/orders?status=new', (route) => route.fulfill(refused))
    await page.route(/\/v1\/dispatch\/orders$/, (route) => route.fulfill(refused))
    await newOrder()
    await panel.getByRole('button', { name: /^Show \d+ new/ }).click()
    await panel.getByText('database_away').waitFor()
    expect(await panel.getAttribute('data-state')).toBe('error')
    expect(await panel.locator('tbody tr').count()).toBeGreaterThanOrEqual(rows)
    expect(await panel.getByText('request-of-the-test').count()).toBe(1)
    await tryAgain(panel, () => page.unrouteAll())
    await page.context().close()
  })

  it('keeps the states that it has shown, and the page that was asked for, when a read after a gap in the stream fails', async () => {
    for (let n = 0; n < 52; n += 1) await newOrder()
    const changing = await newOrder()
    const page = await open('/app/orders', { as: asAdmin })
    await page.addInitScript(cuttable)
    await page.reload()
    const panel = page.getByRole('region', { name: 'All orders' })
    const row = panel.locator('tbody tr', { has: page.locator(`a[href="/app/orders/${changing.id}"]`) })
    await row.waitFor()
    const seen = await newOrder()
    await page.locator(`.board a[href="/app/orders/${seen.id}"]`).waitFor()
    await call(`/orders/${changing.id}/cancel`, {})
    await row.getByText('canceled').waitFor()

    const further: Route[] = []
    await page.route('**/v1/dispatch/orders?cursor=*', (route) => void further.push(route))
    await panel.getByRole('button', { name: 'Show more' }).click()
    await expect.poll(() => further.length, soon).toBe(1)
    await page.route(/\/v1\/dispatch\/orders$/, (route) => route.fulfill(refused))
    let connected = 0
    await page.route('**/v1/dispatch/events', async (route) => {
      connected += 1
      if (connected > 1) return
      await route.fulfill({ contentType: 'text/event-stream', body: 'event: reset\ndata: {}\n\n' })
    })
    await page.evaluate('globalThis.cutStreams()')
    await panel.getByText('database_away').waitFor()
    await further[0]?.continue()
    await panel.locator('tbody tr').nth(50).waitFor()
    expect(await row.getByText('canceled').count()).toBe(1)
    await panel.getByRole('button', { name: /^Show \d+ new|read it again$/ }).waitFor()
    await page.context().close()
  })

  it('whose first read fails says so, and never that there is nothing', async () => {
    const page = await open('/app/orders', { as: asAdmin })
    await page.route('**/v1/dispatch/couriers**', (route) => route.fulfill(refused))
    await page.reload()
    const panel = page.getByRole('region', { name: 'Couriers' })
    await panel.getByText('database_away').waitFor()
    expect(await panel.getAttribute('data-state')).toBe('error')
    await page.context().close()
  })

  it('maps the orders of a store, and those of a courier with its own position', async () => {
    const other = await call('/stores', { name: 'Mill', pickupAddress: 'B' })
    const pickup = { pickupAddress: 'C', pickupLat: 51.5, pickupLng: -0.1 }
    const { id } = await newOrder({ storeId: other.id, ...pickup, deliveryLat: 51.6, deliveryLng: 0 })
    const courier = `Bearer ${await app.token('courier', 8)}`
    await app.fetch('/v1/dispatch/couriers/8/position', {
      method: 'PUT',
      headers: { authorization: courier, 'content-type': 'application/json' },
      body: JSON.stringify({ lat: 51.55, lng: 0 }),
    })
    for (const [role, sub, kinds] of [
      ['store', String(other.id), ['from', 'to']],
      ['courier', '8', ['from', 'to', 'who']],
    ] as const) {
      const page = await open('/app/orders', { as: { role, sub } })
      const map = page.getByRole('region', { name: 'Map' })
      await map.getByRole('button', { name: /^Show pickup and drop of \d+ orders?$/ }).click()
      await map.getByRole('link', { name: `Order ${id}`, exact: true }).waitFor()
      for (const kind of kinds) await map.locator(`.place.${kind}`).first().waitFor()
      expect(await violations(page)).toEqual([])
      await page.context().close()
    }
  })

  it('whose page is left takes its reads back', async () => {
    for (let n = 0; n < 4; n += 1) await newOrder()
    const page = await open('/app/orders', { as: asAdmin })
    const one = /\/v1\/dispatch\/orders\/\d+$/
    const [reads, ended]: [string[], string[]] = [[], []]
    page.on('requestfailed', (request) => one.test(request.url()) && ended.push(request.url()))
    // Three of them are read at once, stay without an answer, and the others wait for their turn.
    await page.route(one, (route) => void reads.push(route.request().url()))
    await page.getByRole('button', { name: /^Show pickup and drop of \d+ orders?$/ }).click()
    await expect.poll(() => reads.length, soon).toBe(3)
    await page.getByRole('link', { name: 'Race', exact: true }).click()
    await page.getByRole('heading', { name: 'Race', level: 1 }).waitFor()
    await expect.poll(() => ended.length, soon).toBe(3)
    await page.context().close()
  })

  it('without rows says why, and which command would fill it', async () => {
    const other = await call('/stores', { name: 'Empty', pickupAddress: 'A' })
    const page = await open('/app/orders', { as: { role: 'store', sub: String(other.id) } })
    const panel = page.getByRole('region', { name: 'Board' })
    await expect.poll(() => panel.getAttribute('data-state'), soon).toBe('empty')
    expect(await panel.locator('pre').innerText()).toContain('/v1/dispatch/orders')
    await page.context().close()
  })
})

const refused = {
  status: 503,
  contentType: 'application/problem+json',
  body: JSON.stringify({
    title: 'Away',
    code: 'database_away',
    detail: 'It is away',
    requestId: 'request-of-the-test',
  }),
}

describe('the stream', () => {
  it('is one for seven tabs, and the next tab goes on when the first one closes', async () => {
    const first = await open('/app/orders', { as: asAdmin })
    const context = first.context()
    const reading = new Set<Request>()
    let most = 0
    const streams = () => [...reading].filter((request) => !request.frame().page().isClosed()).length
    context.on('request', (request) => {
      if (!request.url().endsWith('/v1/dispatch/events')) return
      reading.add(request)
      most = Math.max(most, streams())
    })
    for (const ended of ['requestfinished', 'requestfailed'] as const)
      context.on(ended as 'requestfinished', (request) => reading.delete(request))
    await first.reload()
    await board(first)
    const others = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const page = await pageIn(context, app.url)
        await page.goto(`${app.url}/app/orders`)
        await board(page)
        return page
      }),
    )
    const { id } = await newOrder()
    for (const page of [first, ...others]) await page.locator(`.board a[href="/app/orders/${id}"]`).waitFor()
    expect(streams()).toBe(1)
    await first.close()
    const later = await newOrder()
    for (const page of others) await page.locator(`.board a[href="/app/orders/${later.id}"]`).waitFor()
    expect([streams(), most]).toEqual([1, 1])
    await context.close()
  })

  it('is left to the next tab when the token of its tab has ended, which then reads what it has missed', async () => {
    const first = await open('/app/orders', { as: asAdmin })
    await first.addInitScript(cuttable)
    await first.reload()
    const shows = (tab: Page, { id }: Row) => tab.locator(`.board a[href="/app/orders/${id}"]`).waitFor()
    await board(first)
    await shows(first, await newOrder())
    const ended = { ...refused, status: 401 }
    let asked = 0
    await first.route('**/v1/dispatch/events', (route) => {
      asked += 1
      return route.fulfill(ended)
    })
    await first.evaluate('globalThis.cutStreams()')
    await expect.poll(() => asked, soon).toBeGreaterThan(0)
    // No tab receives this one, and the second tab does not know where the first one stopped.
    const missed = await newOrder()
    const second = await pageIn(first.context(), app.url)
    await second.goto(`${app.url}/app/orders`)
    await board(second)
    const later = await newOrder()
    // The stream of the second tab serves both.
    for (const tab of [first, second]) for (const order of [missed, later]) await shows(tab, order)
    await first.context().close()
  })

  it('is connected anew after 35 seconds without a byte', async () => {
    const silent = await open('/app', { as: asAdmin })
    await silent.clock.install()
    const streams: Request[] = []
    silent.on('request', (request) => {
      if (request.url().endsWith('/v1/dispatch/events')) streams.push(request)
    })
    await silent.goto(`${app.url}/app/orders`)
    await board(silent)
    await expect.poll(() => streams.length, soon).toBe(1)
    const later = async () => {
      await silent.clock.runFor(5_000)
      return streams.length
    }
    await expect.poll(later, soon).toBeGreaterThan(1)
    await silent.context().close()
  })

  it('waits while its page is paused, and says how many events wait', async () => {
    const page = await open('/app/orders', { as: asAdmin })
    await board(page)
    const seen = await newOrder()
    await page.locator(`.board a[href="/app/orders/${seen.id}"]`).waitFor()
    await page.locator('h1').press('p')
    await page.getByText('The live events are paused.').waitFor()
    const { id } = await newOrder()
    // The board and the list show the same stream, and the event counts once.
    await page.getByRole('button', { name: 'Go on: 1 new', exact: true }).waitFor()
    const card = page.locator(`.board a[href="/app/orders/${id}"]`)
    expect(await card.count()).toBe(0)
    await page.locator('h1').press('p')
    await card.waitFor()
    await page.locator('h1').press('g')
    await page.locator('h1').press('o')
    await page.getByRole('heading', { name: 'Operation', level: 1 }).waitFor()
    expect(page.faults).toEqual([])
    await page.context().close()
  })

  it('with more orders than the board keeps lets it read its list once, and no burst stops that read', async () => {
    const known = await newOrder()
    const page = await open('/app/orders', { as: asAdmin })
    await page.addInitScript(fed)
    await page.reload()
    await board(page)
    const reads: Route[] = []
    await page.route('**/v1/dispatch/orders?status=new,*', (route) => void reads.push(route))
    // Orders that the API does not know stay beside the list, because no answer has them.
    const created = { ...known, status: 'new', version: 1, createdAt: new Date().toISOString() }
    const show = async (from: number, count: number) => {
      const ids = Array.from({ length: count }, (_, n) => from + n)
      const events = ids.map((id) => ({ orderId: id, courierId: null, order: { ...created, id } }))
      await page.evaluate(`globalThis.feed(${JSON.stringify(events)})`)
      await page.locator(`.board a[href="/app/orders/${ids.at(-1)}"]`).waitFor()
    }
    await show(1_000_000, 600)
    await expect.poll(() => reads.length, soon).toBe(1)
    for (let n = 1; n <= 5; n += 1) await show(1_000_000 + 1_000 * n, 1)
    expect(reads).toHaveLength(1)
    await page.context().close()
  })

  it('of eight writers that is cut twenty times leaves the board equal to the list', async () => {
    const page = await open('/app/orders', { as: asAdmin })
    await page.addInitScript(cuttable)
    await page.reload()
    await board(page)
    let writing = true
    const cuts = (async () => {
      for (let n = 0; n < 20; n += 1) {
        await page.evaluate('globalThis.cutStreams()')
        await newOrder()
      }
      writing = false
    })()
    const writers = Array.from({ length: 8 }, async (_, n) => {
      const courier = `Bearer ${await app.token('courier', n + 1)}`
      while (writing) {
        const { id, status, fence } = await call('/orders', undefined, courier).then(
          ({ data }) => data[n] ?? data[0] ?? none,
        )
        if (status === 'new') await call(`/orders/${id}/claim`, { accept: n % 2 === 0 }, courier)
        else if (status === 'assigned') await call(`/orders/${id}/release`, { fence }, courier)
        else await call(`/orders/${id}/cancel`, {})
      }
    })
    await Promise.all([cuts, ...writers])
    await expect.poll(() => shown(page), soon).toEqual(await listed())
    await page.context().close()
  })
})

const none: Row = { id: 0, status: 'none', version: 0, courierId: null, fence: 0 }
const columns = ['new', 'assigned', 'accepted', 'picked_up']

const board = (page: Page) => page.locator('.panel[aria-label="Board"][data-state="live"]').waitFor()

/** The number of orders of each column, and the first eight of each. */
async function listed(): Promise<string[]> {
  const { data } = await call(`/orders?status=${columns.join(',')}&limit=200`)
  return columns.map((status) => {
    const here = data.filter((order) => order.status === status)
    return `${status.replace('_', ' ')} ${here.length}: ${here
      .slice(0, 8)
      .map(({ id }) => id)
      .join(' ')}`
  })
}

function shown(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll('.board > section')].map((column) => {
    const ids = [...column.querySelectorAll('a')].map((card) => card.getAttribute('href').split('/').at(-1))
    return column.getAttribute('aria-label') + ' ' + column.querySelector('.count').textContent + ': ' + ids.join(' ')
  })`)
}

/** Lets the test end open streams, as a network does. */
const cuttable = `{
  const open = new Set()
  const before = globalThis.fetch
  globalThis.fetch = (path, init = {}) => {
    if (init.headers?.accept !== 'text/event-stream') return before(path, init)
    const cut = new AbortController()
    open.add(cut)
    return before(path, { ...init, signal: AbortSignal.any([init.signal, cut.signal]) })
  }
  globalThis.cutStreams = () => { for (const cut of open) cut.abort(); open.clear() }
}`

/** The stream is that of the test. */
const fed = `{
  const before = globalThis.fetch
  const encoder = new TextEncoder()
  const streams = new Set()
  const send = (stream, type, data) =>
    stream.enqueue(encoder.encode('id: 1\\nevent: ' + type + '\\ndata: ' + JSON.stringify(data) + '\\n\\n'))
  globalThis.fetch = (path, init = {}) => {
    if (init.headers?.accept !== 'text/event-stream') return before(path, init)
    const body = new ReadableStream({ start(stream) { streams.add(stream); send(stream, 'cursor', {}) } })
    return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
  }
  globalThis.feed = (events) => { for (const stream of streams) for (const data of events) send(stream, 'created', data) }
}`
