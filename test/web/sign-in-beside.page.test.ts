import { expect, it } from 'vitest'
import { startProvider } from '../http/support/provider.ts'
import { freshBrowser, openPage } from '../support/browser.ts'
import { freshWorker } from '../support/worker.ts'

// Less than a minute: the page says at once that the token ends.
const { bindings } = await startProvider({ role: 'admin', sub: '1', lasts: '58s' })
const app = await freshWorker({ pages: true, bindings })
const browser = await freshBrowser()
const tokenOf = "sessionStorage.getItem('lockstep.token')"

it('a person whose token of the provider ends signs in beside the page, which keeps what was typed', async () => {
  const page = await openPage(browser, `${app.url}/app`)
  await page.getByRole('button', { name: 'Sign in at the identity provider' }).click()
  await page.getByText('admin 1', { exact: true }).waitFor()
  await page.goto(`${app.url}/app/ops/alerts`)
  await page.getByText('Your token ends within a minute.').waitFor()
  await page.keyboard.press('/')
  const field = page.getByRole('textbox', { name: 'Id' })
  await field.fill('order 17')
  const before = await page.evaluate(tokenOf)
  const beside = page.context().waitForEvent('page')
  await page.getByRole('button', { name: /in a window beside/ }).click()
  await beside
  await expect.poll(() => page.evaluate(tokenOf)).not.toBe(before)
  expect(await field.inputValue()).toBe('order 17')
  expect(new URL(page.url()).pathname).toBe('/app/ops/alerts')
  await page.context().close()
})
