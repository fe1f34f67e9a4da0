import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { fill } from '../../../dev/seed/fleet/fill.ts'
import { freshBrowser, openPage, type Visit, violations } from '../../support/browser.ts'
import { comparedWithSums, followLink, readAgain, settledPanels, tryAgain } from '../../support/panels.ts'
import { collectAnswers, comparedWithAnswers } from '../../support/shown.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'

const app = await freshWorker({ pages: true, bindings: { DEV_SIGN_IN: '1' } })
const { admin: postgres } = app.database
await fill(await app.database.connect(), async () => undefined)
await app.scheduled('* * * * *')
const browser = await freshBrowser()

const grower = { role: 'tenant', sub: 'grower', tenantId: 1 }
const token = `Bearer ${await app.token('tenant', 'grower', 1)}`

const open = (path: string, visit: Visit = {}) => openPage(browser, app.url + path, { as: grower, ...visit })

async function read(path: string): Promise<unknown> {
  const response = await app.fetch(path, { headers: { authorization: token } })
  return response.json()
}

describe('the page of all zones', () => {
  it('shows the numbers of the API, and sums that add up', async () => {
    const page = await open('/app/nodes')
    const answers = collectAnswers(page)
    await followLink(page, 'Zones')
    const values = await comparedWithAnswers(page, answers, read)
    expect(values).toMatchObject({ compared: expect.any(Number), untrue: [] })
    expect(values.compared).toBeGreaterThan(30)
    expect(await comparedWithSums(page, read)).toEqual({ compared: expect.any(Number), untrue: [] })
    await expect(page.getByText('adds up').textContent()).resolves.toContain('adds up')
    await page
      .locator('data[data-sum]')
      .first()
      .evaluate((element) => element.setAttribute('value', '1'))
    expect((await comparedWithSums(page, read)).untrue).toHaveLength(1)
    await page.context().close()
  })

  it('says what a grower without zones can do, and shows nothing of others', async () => {
    const page = await open('/app/zones', { as: { role: 'tenant', sub: 'new', tenantId: 77 } })
    expect(await settledPanels(page)).toMatchObject({ Zones: 'empty', 'Open alerts': 'empty' })
    await page.getByText('No zone is registered.').waitFor()
    expect(await page.locator('.tile').count()).toBe(0)
    expect(await violations(page)).toEqual([])
    await page.context().close()
  })

  it('shows why the first read failed, and keeps the last values when a later one fails', async () => {
    const page = await open('/app/nodes')
    let failing = true
    await page.route('**/v1/fleet/overview*', (route) =>
      failing
        ? route.fulfill({
            status: 503,
            contentType: 'application/problem+json',
            body: '{"code":"database_unavailable","title":"No database","detail":"Try again","requestId":"r-1"}',
          })
        : route.fallback(),
    )
    await page.getByRole('link', { name: 'Zones' }).click()
    const panel = page.locator('.panel', { has: page.getByRole('heading', { name: 'Zones', level: 2 }) })
    await expect.poll(() => panel.getAttribute('data-state'), soon).toBe('error')
    expect(await panel.textContent()).toMatch(/database_unavailable.*r-1/s)
    expect(await page.locator('.tile').count()).toBe(0)
    await tryAgain(panel, () => {
      failing = false
    })
    await expect.poll(() => page.locator('.tile').count(), soon).toBe(8)
    failing = true
    // The next read, without waiting for its time.
    await readAgain(page)
    await expect.poll(() => panel.getAttribute('data-state'), soon).toBe('error')
    expect(await page.locator('.greyed .tile').count()).toBe(8)
    expect(await violations(page)).toEqual([])
    await page.context().close()
  })

  it('says when its values are stale because no answer arrives', async () => {
    const page = await open('/app/nodes')
    await page.clock.install()
    await followLink(page, 'Zones')
    // No answer at all: the page has the server's clock from its answers.
    await page.route('**/v1/**', () => undefined)
    await page.clock.runFor(60_000)
    const panel = page.locator('.panel', { has: page.getByRole('heading', { name: 'Zones', level: 2 }) })
    await expect.poll(() => panel.getAttribute('data-state'), soon).toBe('stale')
    await page.context().close()
  })

  it('keeps its size while a slow answer is on its way', async () => {
    const page = await open('/app/nodes')
    let answer = () => undefined as void
    const asked = new Promise<void>((resolve) => {
      answer = resolve
    })
    await page.route('**/v1/fleet/overview*', async (route) => {
      await asked
      await route.fallback()
    })
    await page.getByRole('link', { name: 'Zones' }).click()
    const panel = page.locator('.panel[data-state="loading"][aria-label="Zones"]')
    await panel.waitFor()
    expect((await panel.boundingBox())?.height).toBeGreaterThan(300)
    answer()
    await expect.poll(() => page.locator('.tile').count(), soon).toBe(8)
    await page.context().close()
  })

  it('stays, greyed, when its token has ended', async () => {
    const page = await open('/app/zones')
    await settledPanels(page)
    await page.route('**/v1/fleet/**', (route) => {
      const headers = { ...route.request().headers(), authorization: 'Bearer ended' }
      return route.fallback({ headers })
    })
    await readAgain(page)
    await page.getByText('Your token has ended').waitFor()
    expect(await page.locator('.greyed .tile').count()).toBe(8)
    await page.context().close()
  })
})

describe('the page of a zone', () => {
  async function chart(page: Page) {
    await settledPanels(page)
    const slider = page.getByRole('slider')
    await slider.waitFor()
    return slider
  }

  it('says what its chart shows, reads each point by the arrow keys, and shows the points as a table', async () => {
    const page = await open('/app/zones/7?range=2%20days')
    const slider = await chart(page)
    expect(await slider.getAttribute('aria-valuetext')).toMatch(
      /^ph: last [\d.]+ pH, lowest [\d.]+ pH, highest [\d.]+ pH, (rising|falling|steady)\.$/,
    )
    await slider.focus()
    await page.keyboard.press('End')
    const newest = await slider.getAttribute('aria-valuetext')
    expect(newest).toMatch(/: ph [\d.]+ pH\b.*\. (in range|dosed|cooldown|unacknowledged): /)
    await page.keyboard.press('ArrowLeft')
    expect(await slider.getAttribute('aria-valuetext')).not.toBe(newest)
    // The lane names its states in words, and the hour without contact is a state and a gap.
    expect(await page.locator('.chart-lane').textContent()).toMatch(/in range.*stale/s)
    await page.getByRole('button', { name: 'As table' }).click()
    const table = page.getByRole('table', { name: /as a table$/ })
    expect(await table.locator('tbody tr').count()).toBe(300)
    expect(await violations(page)).toEqual([])
    await page.context().close()
  })

  it('explains each decision, and shows doses of their budgets', async () => {
    const page = await open('/app/zones/6')
    await settledPanels(page)
    const decisions = page.locator('.panel', { hasText: 'Decisions about ph' })
    expect(await decisions.textContent()).toMatch(/dosed 5 ml: ph is [\d.]+/)
    expect(await page.locator('.meter').allTextContents()).toContainEqual(expect.stringMatching(/of 20.ml/))
    await page.context().close()
  })

  it('hands a zone to a person and back, and says when another person was faster', async () => {
    const [page, other] = [await open('/app/zones/3'), await open('/app/zones/3')]
    await Promise.all([settledPanels(page), settledPanels(other)])
    const modeOf = async () =>
      (await postgres.query('select mode from fleet.zones where id = 3')).rows[0].mode
    await page.getByRole('button', { name: /^Take over by hand/ }).click()
    await expect.poll(modeOf, soon).toBe('manual')
    await other.getByRole('button', { name: /^Take over by hand/ }).click()
    await other.getByText('version_mismatch').waitFor()
    await page.getByRole('button', { name: 'Let the regulators act again' }).click()
    await expect.poll(modeOf, soon).toBe('auto')
    for (const one of [page, other]) await one.context().close()
  })
})
