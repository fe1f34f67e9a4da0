import { describe, expect, it } from 'vitest'
import { freshBrowser, openPage, sidewaysScroll, violations } from '../support/browser.ts'
import { soon } from '../support/soon.ts'
import { freshWorker } from '../support/worker.ts'

const app = await freshWorker({ bindings: { DEV_SIGN_IN: '1' } })
for (const cron of ['* * * * *', '47 */6 * * *', '37 */2 * * *']) await app.scheduled(cron)
const browser = await freshBrowser()

describe('the first page', () => {
  it.each([
    { width: 1280, dark: false },
    { width: 320, dark: true },
  ])('shows the ISS on the map without a fault, at $width px', async (look) => {
    const page = await openPage(browser, app.url, look)
    await page.waitForSelector('.map .mark')
    await expect.poll(() => page.locator('.map .land').getAttribute('d'), soon).toMatch(/^M/)
    expect(await violations(page)).toEqual([])
    expect(await sidewaysScroll(page)).toBeLessThanOrEqual(0)
    expect(page.faults).toEqual([])
    await page.context().close()
  })

  it('shows the numbers of the API', async () => {
    const page = await openPage(browser, app.url)
    await page.waitForSelector('[data-at="/v1/space/iss#altitudeKm"]')
    const answered = page.waitForResponse((response) => response.url().endsWith('/v1/space/iss'))
    await page.reload()
    const answer = await (await answered).json()
    const shown = page.locator('data[data-at^="/v1/space/iss#"]')
    await expect.poll(() => shown.count(), soon).toBeGreaterThan(3)
    for (const value of await shown.all()) {
      const [, field = ''] = (await value.getAttribute('data-at'))?.split('#') ?? []
      expect([field, Number(await value.getAttribute('value'))]).toEqual([field, answer[field]])
    }
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
