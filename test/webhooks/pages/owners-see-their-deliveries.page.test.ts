import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { freshBrowser, openPage } from '../../support/browser.ts'
import { tabTo } from '../../support/keyboard.ts'
import { freshWorker } from '../../support/worker.ts'
import { startReceiver } from '../support/receiver.ts'
import { caller } from '../support/subscriber.ts'

const receiver = await startReceiver()
const app = await freshWorker({
  pages: true,
  bindings: {
    DEV_SIGN_IN: '1',
    WEBHOOK_ALLOW: receiver.origin,
    WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
  },
})
const browser = await freshBrowser()
const as = { role: 'tenant', sub: 'server', tenantId: 7 }
const token = await app.token('tenant', 'server', 7)
const owner = caller(app, token)
const read = async (path: string) => (await owner.get(path)).body

const { body: hook } = await owner.post('/v1/webhooks', {
  body: {
    url: `${receiver.origin}/first`,
    events: ['bet.*'],
    description: '<b>bold</b>',
  },
})
const at = `/app/hooks/${String(hook['id'])}`
receiver.script('/first', { status: 500 })
await owner.post(`/v1/webhooks/${String(hook['id'])}/test`)

/** The page counts what the API lists, so the list of one has 101 here. */
async function withManyDeliveries(page: Page): Promise<void> {
  await page.route('**/deliveries?limit=200', async (route) => {
    const response = await route.fetch({ maxRetries: 3 })
    const { data }: { data: object[] } = await response.json()
    const many = Array.from({ length: 101 }, () => ({ ...data[0], state: 'delivered' }))
    await route.fulfill({ response, json: { data: many, nextCursor: null } })
  })
}

describe('the pages of webhooks', () => {
  it('create a webhook by keyboard alone, and show its secret once', async () => {
    const page = await openPage(browser, `${app.url}/app/hooks`, { as })
    await page.getByText('<b>bold</b>').waitFor()
    await tabTo(page, 'URL')
    await page.keyboard.type(`${receiver.origin}/second`)
    await tabTo(page, 'Events')
    await page.keyboard.type('bet.won, deposit.*')
    await page.keyboard.press('Enter')
    const secret = page.getByRole('status', { name: 'Secret' })
    await secret.getByText(/^whsec_/).waitFor()
    await page.getByRole('link', { name: `${receiver.origin}/second` }).waitFor()
    await secret.getByRole('button', { name: 'I have kept it' }).click()
    expect(await page.getByText(/whsec_/).count()).toBe(0)
    await page.reload()
    await page.getByRole('link', { name: `${receiver.origin}/second` }).waitFor()
    expect(await page.content()).not.toContain('whsec_')
    await page.context().close()
  })

  it('say which field the API refuses', async () => {
    const page = await openPage(browser, `${app.url}/app/hooks`, { as })
    await page.getByLabel('URL').fill(`${receiver.origin}/third`)
    await page.getByLabel('Events').fill('order.created')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByText('validation_failed').waitFor()
    expect((await read('/v1/webhooks'))['data']).not.toContainEqual(
      expect.objectContaining({ url: `${receiver.origin}/third` }),
    )
    await page.context().close()
  })

  it('send a test event and replay it, and more than a hundred only after their number is typed', async () => {
    const page = await openPage(browser, `${app.url}${at}`, { as })
    await page.getByRole('button', { name: 'Send a test event' }).click()
    await page
      .getByText(/^The test event/)
      .getByRole('link')
      .click()
    await page.getByText('This event and all that came after it').click()
    await page.getByRole('button', { name: 'Replay this 1 event', exact: true }).waitFor()
    await page.getByText('None of them is dead.').waitFor()
    await page.getByRole('button', { name: 'Replay this event' }).click()
    await page.getByText('1 event is sent again.').waitFor()
    expect(receiver.accepted('/first').length).toBeGreaterThan(0)
    await withManyDeliveries(page)
    await page.reload()
    await page.getByText('This event and all that came after it').click()
    await page.getByRole('button', { name: 'Replay these 101 events', exact: true }).click()
    const last = page.getByRole('button', { name: 'Replay these 101 events: this cannot be undone' })
    expect(await last.isDisabled()).toBe(true)
    await page.getByLabel('Type 101').fill('100')
    expect(await last.isDisabled()).toBe(true)
    await page.getByLabel('Type 101').fill('101')
    await page.getByRole('button', { name: /cannot be undone$/, disabled: false }).waitFor()
    await page.context().close()
  })
})
