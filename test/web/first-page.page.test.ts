import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { freshBrowser, openPage, sidewaysScroll, violations } from '../support/browser.ts'
import { soon } from '../support/soon.ts'
import { freshWorker } from '../support/worker.ts'

const app = await freshWorker({ pages: true, bindings: { DEV_SIGN_IN: '1' } })
for (const cron of ['* * * * *', '7 * * * *', '37 */2 * * *', '47 */6 * * *', '*/15 * * * *'])
  await app.scheduled(cron)
const browser = await freshBrowser()

const station = (page: Page) => page.getByRole('region', { name: 'International Space Station' })

describe('the first page', () => {
  it('costs at its first sight three calls of one round trip each, and moves nothing when they arrive', async () => {
    const page = await openPage(browser, 'about:blank')
    const network = await page.context().newCDPSession(page)
    await network.send('Network.enable')
    const slow = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 200_000 }
    await network.send('Network.emulateNetworkConditions', slow)
    await network.send('Emulation.setCPUThrottlingRate', { rate: 4 })
    await page.addInitScript(measuring)
    const [requests, trips]: [string[], string[]] = [[], []]
    page.on('request', (request) => void requests.push(request.url()))
    page.on('response', (response) => {
      if (response.url().includes('/v1/')) trips.push(response.headers()['x-db-round-trips'] ?? '0')
    })
    await page.goto(app.url)
    await station(page).locator('data').first().waitFor()
    const firstValueMs = await page.evaluate<number>('performance.now()')
    await expect.poll(() => page.locator('.map .track').count(), soon).toBe(2)
    const { lcp, cls } = await page.evaluate<{ lcp: number; cls: number }>('globalThis.measured')
    const loaded = requests.filter((url) => url.startsWith('http'))
    console.log(
      `First page at 1.6 Mbit/s, 150 ms, CPU ÷ 4: LCP ${lcp.toFixed(0)} ms, CLS ${cls.toFixed(3)}, ` +
        `first value ${firstValueMs.toFixed(0)} ms, ${loaded.length} requests`,
    )
    expect(loaded.filter((url) => url.includes('/v1/'))).toHaveLength(3)
    expect(trips.filter((count) => Number(count) > 1)).toEqual([])
    expect(loaded.length).toBeLessThanOrEqual(9)
    expect(cls).toBeLessThanOrEqual(0.02)
    await page.context().close()
  })
})

const measuring = `globalThis.measured = { lcp: 0, cls: 0 }
new PerformanceObserver((list) => { for (const { startTime } of list.getEntries()) measured.lcp = startTime })
  .observe({ type: 'largest-contentful-paint', buffered: true })
new PerformanceObserver((list) => { for (const { value } of list.getEntries()) measured.cls += value })
  .observe({ type: 'layout-shift', buffered: true })`

describe('time', () => {
  it('is the server’s: an age is right on a machine whose clock is an hour ahead', async () => {
    const page = await openPage(browser, 'about:blank')
    await page.clock.install({ time: Date.now() + 3_600_000 })
    await page.goto(app.url)
    const age = station(page).locator('.fresh time')
    await age.waitFor()
    expect(await age.innerText()).not.toMatch(/h|^in /)
    await page.context().close()
  })

  it('makes a panel stale and then old while no answer arrives, and keeps its data', async () => {
    const page = await openPage(browser, 'about:blank')
    await page.clock.install()
    await page.goto(app.url)
    await station(page).locator('data').first().waitFor()
    expect(await station(page).getAttribute('data-state')).toBe('live')
    const shown = await station(page).locator('data').count()
    // Every answer, also another panel's, carries the real time and would set the clock of the page right again.
    await page.waitForLoadState('networkidle')
    await page.route('**/v1/**', () => undefined)
    await page.clock.runFor(40_000)
    await station(page)
      .getByText(/ stale$/)
      .waitFor()
    await page.clock.runFor(60_000)
    await station(page).getByText(/ old$/).waitFor()
    expect(await station(page).locator('data').count()).toBe(shown)
    await page.context().close()
  })

  it('ends a token: the page stays and asks for another', async () => {
    const page = await openPage(browser, app.url, { as: { role: 'admin', sub: '1' } })
    await page.getByText('admin 1', { exact: true }).waitFor()
    await page.evaluate("sessionStorage.setItem('lockstep.token', 'a.b.c')")
    await page.context().addInitScript("sessionStorage.setItem('lockstep.token', 'a.b.c')")
    await page.reload()
    await page.getByRole('heading', { name: 'Your token has ended' }).waitFor()
    await station(page).locator('data').first().waitFor()
    expect(await violations(page)).toEqual([])
    await page.context().close()
  })
})

describe('a page of a role', () => {
  it('says that the session cannot be read, and opens once it can', async () => {
    const page = await openPage(browser, app.url, { as: { role: 'admin', sub: '1' } })
    const refused = { code: 'session_away', title: 'Away', detail: 'It is away', requestId: 'r-1' }
    await page.route('**/v1/session', (route) => route.fulfill({ status: 503, json: refused }))
    for (const path of ['/app', '/app/orders']) {
      await page.goto(app.url + path)
      await page.getByText('session_away').waitFor()
    }
    await page.unrouteAll()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('region', { name: 'Board' }).waitFor()
    expect(await page.getByText('session_away').count()).toBe(0)
    await page.context().close()
  })
})

describe('a token', () => {
  it('stands in no address, no receipt and no storage that another tab can read', async () => {
    const page = await openPage(browser, app.url, { as: { role: 'admin', sub: '1' } })
    await page.getByText('admin 1', { exact: true }).waitFor()
    const token = await page.evaluate<string>("sessionStorage.getItem('lockstep.token')")
    await page.keyboard.press('.')
    await page.getByRole('heading', { name: 'Receipts' }).waitFor()
    for (const one of await page.locator('.drawer summary').all()) await one.click()
    const places = await page.evaluate<string>(
      'document.body.innerText + location.href + JSON.stringify(localStorage) + document.cookie',
    )
    expect(places).toContain('/v1/space/iss')
    expect(places).not.toContain(token)
    await page.context().close()
  })
})

describe('a person', () => {
  it('who types an unknown address gets a page that says so', async () => {
    const page = await openPage(browser, `${app.url}/v2/nowhere/`)
    await page.getByRole('heading', { name: 'No such page' }).waitFor()
    expect(page.url()).toBe(`${app.url}/v2/nowhere`)
    expect(await violations(page)).toEqual([])
    await page.context().close()
  })

  it('signs in by one click and out again', async () => {
    const page = await openPage(browser, `${app.url}/app`)
    await page.getByRole('button', { name: /^Operator/ }).click()
    await page.getByText('admin 1', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    expect(await page.evaluate(() => sessionStorage.getItem('lockstep.token'))).toBe(null)
    expect(page.faults).toEqual([])
    await page.context().close()
  })
})

describe('the checks of this file', () => {
  it('find a field without a label, a wide element and an inline style', async () => {
    const page = await openPage(browser, app.url)
    await station(page).locator('.map .mark').waitFor()
    await page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    expect((await violations(page)).join()).toContain('label')
    await page.evaluate("document.querySelector('h1').style.width = '4000px'")
    expect(await sidewaysScroll(page)).toBeGreaterThan(0)
    await page.evaluate("document.querySelector('h1').setAttribute('style', 'color: red')")
    expect(page.faults.join()).toContain('style')
    await page.context().close()
  })

  it('meet a policy that lets no text become markup', async () => {
    const page = await openPage(browser, app.url)
    const refused = page.evaluate("document.body.innerHTML = '<b>bold</b>'")
    await expect(refused).rejects.toThrow(/TrustedHTML/)
    await page.context().close()
  })
})
