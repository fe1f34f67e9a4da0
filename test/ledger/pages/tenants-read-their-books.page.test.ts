import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { freshBrowser, openPage, sidewaysScroll } from '../../support/browser.ts'
import { tabTo } from '../../support/keyboard.ts'
import { tryAgain } from '../../support/panels.ts'
import { textOnPaper, withoutBlanks } from '../../support/pdf.ts'
import { freshWorker } from '../../support/worker.ts'
import { acceptedBet, bet, deposit, serverOf } from '../support/http.ts'

const tenantId = 7
const app = await freshWorker({ pages: true, bindings: { DEV_SIGN_IN: '1' } })
const server = await serverOf(app, tenantId)
const browser = await freshBrowser()
const as = { role: 'tenant', sub: 'server', tenantId }
const hostile = '<img src=x onerror=alert(1)> \u202Eabc 🎲'

const focused = (page: Page) => page.evaluate<string>(`document.activeElement.getAttribute('href')`)

const given = { bet: '', payment: '' }
beforeAll(async () => {
  given.payment = await deposit(server, 10_000)
  given.bet = await acceptedBet(server)
  await server.post('/bets', { body: { ...bet, selection: hostile } })
  for (const cron of ['* * * * *', '*/15 * * * *']) await app.scheduled(cron)
})

describe('the books', () => {
  it('let a person find a bet and settle it by keyboard alone, once', async () => {
    const page = await openPage(browser, `${app.url}/app/books`, { as })
    await page.getByRole('heading', { name: 'Find' }).waitFor()
    await tabTo(page, 'Bet')
    await page.keyboard.type(given.bet)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /^Settle as won/ }).waitFor()
    await tabTo(page, /^Settle as won/)
    await page.keyboard.press('Enter')
    await tabTo(page, /this cannot be undone$/)
    await page.keyboard.press('Enter')
    await page.getByText('The bet has ended.').waitFor()
    expect((await server.get(`/bets/${given.bet}`)).body).toMatchObject({ status: 'won', payoutMinor: 2_500 })
    await page.context().close()
  })

  it('show a change that somebody else makes, and hostile names as text', async () => {
    const page = await openPage(browser, `${app.url}/app/books/users/u-2`, { as })
    await page.getByText('This user has no account in any currency.').waitFor()
    await deposit(server, 4_200, 'u-2')
    await page.getByText('42.00 USD').first().waitFor()
    await page.goto(`${app.url}/app/books/bets`)
    await page.getByText(hostile).waitFor()
    expect(page.faults).toEqual([])
    await page.context().close()
  })

  it('are found by an id, with the key /', async () => {
    const page = await openPage(browser, `${app.url}/app/books`, { as })
    await page.getByRole('heading', { name: 'Find' }).waitFor()
    await page.locator('h1').press('/')
    await page.getByRole('textbox', { name: 'Id' }).fill(given.bet)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: `Timeline of bet ${given.bet}` }).waitFor()
    await page.locator('.timeline li').first().waitFor()
    expect(await page.locator('.timeline li').count()).toBeGreaterThan(1)
    await page.context().close()
  })

  it('keep the last good values, greyed, when the API fails, and say so', async () => {
    const page = await openPage(browser, `${app.url}/app/books/users/u-1`, { as })
    const panel = page.getByRole('region', { name: 'Balances now' })
    await panel.locator('[data-at$="availableMinor"]').waitFor()
    await page.route('**/balances', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({ title: 'Unavailable', code: 'unavailable', detail: 'Away', requestId: 'r-1' }),
      }),
    )
    await deposit(server, 1)
    await panel.getByText('r-1').waitFor()
    expect(await panel.getAttribute('data-state')).toBe('error')
    expect(await panel.locator('.greyed [data-at$="availableMinor"]').count()).toBe(1)
    await tryAgain(panel, () => page.unroute('**/balances'))
    await page.context().close()
  })

  it('print a statement with all its entries', async () => {
    for (let n = 0; n < 60; n += 1) await deposit(server, 100 + n, 'u-3')
    const page = await openPage(browser, `${app.url}/app/books/users/u-3/statement?currency=USD`, { as })
    await page.getByText('All 60 entries').waitFor()
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('tbody tr').count()).toBe(60)
    expect(await page.locator('.bar').isVisible()).toBe(false)
    expect(await page.getByText('tenant 7 · printed').isVisible()).toBe(true)
    const paper = await textOnPaper(page)
    const rows = (await page.locator('tbody tr').allInnerTexts()).map(withoutBlanks)
    expect(new Set(rows).size).toBe(60)
    expect(rows.filter((row) => !paper.includes(row))).toEqual([])
    await page.context().close()
  })

  it('lose and double no entry of a long statement while new ones arrive', async () => {
    for (let n = 0; n < 7; n += 1)
      await Promise.all(Array.from({ length: 15 }, (_, at) => deposit(server, 100 + at, 'u-4')))
    const page = await openPage(browser, `${app.url}/app/books/users/u-4/statement?currency=USD`, { as })
    await page.getByText('The newest 100 entries').waitFor()
    await page.getByRole('button', { name: 'Show more' }).click()
    await page.getByText('All 105 entries').waitFor()
    const causes = () => page.locator('tbody tr td:nth-child(3)').allInnerTexts()
    const before = await causes()
    expect(new Set(before).size).toBe(105)
    await deposit(server, 1, 'u-4')
    await page.getByRole('button', { name: 'Show 1 new' }).waitFor()
    expect(await causes()).toEqual(before)
    await page.getByRole('button', { name: 'Show 1 new' }).click()
    await page.getByText('The newest 100 entries').waitFor()
    await page.getByRole('button', { name: 'Load all, for paper' }).click()
    await page.getByText('All 106 entries').waitFor()
    expect((await causes()).slice(1)).toEqual(before)
    // A page that is left takes back the read of its next page.
    await page.reload()
    await page.route(/cursor=/, () => undefined)
    const sent = page.waitForRequest(/cursor=/)
    const takenBack = page.waitForEvent('requestfailed', (request) => request.url().includes('cursor='))
    await page.getByRole('button', { name: 'Load all, for paper' }).click()
    await sent
    await page.getByRole('link', { name: 'Payments' }).click()
    expect(await takenBack).toBe(await sent)
    await page.context().close()
  })

  it('lay a long statement out row by row, and it stays a table for the eye, a screen reader and paper', async () => {
    for (let n = 0; n < 7; n += 1)
      await Promise.all(Array.from({ length: 15 }, (_, at) => deposit(server, 100 + at, 'u-5')))
    const page = await openPage(browser, `${app.url}/app/books/users/u-5/statement?currency=USD`, { as })
    await page.clock.install()
    await page.reload()
    await page.getByRole('button', { name: 'Load all, for paper' }).click()
    await page.getByText('All 105 entries').waitFor()
    const edges = () =>
      page.evaluate<string[]>(`[...new Set([...document.querySelectorAll('table.long tr')].map(({ cells }) =>
        [...cells].map((cell) => Math.round(cell.getBoundingClientRect().x)).join(' ')))]`)
    expect(await edges()).toHaveLength(1)
    await page.setViewportSize({ width: 320, height: 900 })
    await page.setViewportSize({ width: 1100, height: 900 })
    expect(await edges()).toHaveLength(1)
    expect(await sidewaysScroll(page)).toBe(0)

    const protocol = await page.context().newCDPSession(page)
    const { nodes } = await protocol.send('Accessibility.getFullAXTree')
    const cells = nodes.filter(({ role, ignored }) => !ignored && role?.value === 'cell')
    expect(cells).toHaveLength(105 * 7)

    const rows = (await page.locator('tbody tr').allInnerTexts()).map(withoutBlanks)
    const paper = await textOnPaper(page)
    expect(rows.filter((row) => !paper.includes(row))).toEqual([])
    // The chart is kept while seconds pass, with the point that its reader is at.
    const chart = await page.locator('canvas').elementHandle()
    await page.clock.runFor(3_000)
    expect(await chart?.evaluate((canvas) => canvas.isConnected)).toBe(true)
    await page.context().close()
  })

  it('leave the keys of the browser alone, and all keys when their switch is off', async () => {
    const page = await openPage(browser, `${app.url}/app/books/bets`, { as })
    const links = page.locator('tbody td:first-child a')
    await links.nth(1).waitFor()
    await links.first().focus()
    await page.keyboard.press('Control+j')
    expect(await focused(page)).toBe(await links.first().getAttribute('href'))
    await page.keyboard.press('j')
    expect(await focused(page)).toBe(await links.nth(1).getAttribute('href'))
    await page.keyboard.press('?')
    await page.getByLabel('Single-letter keys').uncheck()
    await links.nth(1).focus()
    await page.keyboard.press('k')
    expect(await focused(page)).toBe(await links.nth(1).getAttribute('href'))
    await page.context().close()
  })

  it('print the story of a payment with all its entries', async () => {
    const page = await openPage(browser, `${app.url}/app/timeline/payment/${given.payment}`, { as })
    await page.locator('.timeline li').first().waitFor()
    await page.emulateMedia({ media: 'print' })
    const entries = (await page.locator('.timeline li').allInnerTexts()).map(withoutBlanks)
    expect(entries.length).toBeGreaterThan(1)
    const paper = await textOnPaper(page)
    expect(entries.filter((entry) => !paper.includes(entry))).toEqual([])
    await page.context().close()
  })
})
