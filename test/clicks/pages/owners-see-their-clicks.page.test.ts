import { describe, expect, it, vi } from 'vitest'
import { freshBrowser, openPage, type Visit, violations } from '../../support/browser.ts'
import { comparedWithSums, followLink, readAgain, settledPanels } from '../../support/panels.ts'
import { collectAnswers, comparedWithAnswers } from '../../support/shown.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { caller, campaignOf, idOf } from '../support/http.ts'
import { agents, visit } from '../support/visiting.ts'

const app = await freshWorker({ pages: true, bindings: { DEV_SIGN_IN: '1' } })
const { admin: postgres } = app.database
const boss = await caller(app)
const partner = await caller(app, 'partner', 'acme')
const token = `Bearer ${await app.token('admin', '1')}`

const source = await boss.post('/sources', { slug: 'net1', name: 'Net 1', statusMap: { ok: 'approved' } })
const secret = String(source.body['postbackSecret'])
const campaign = idOf(
  await boss.post(
    '/campaigns',
    campaignOf('spring', { trafficSource: 'net1', cost: { model: 'cpc', amountMinor: 4 } }),
  ),
)
const others = idOf(await partner.post('/campaigns', campaignOf('of-acme')))

const clickIn = (location: string | null) => /cid=([0-9a-f-]{36})/.exec(location ?? '')?.[1] ?? ''
const clicks: string[] = []
for (let at = 0; at < 12; at += 1) {
  const agent = at % 4 === 3 ? agents.twitterbot : at % 2 === 0 ? agents.chrome : agents.iphone
  const led = await visit(app, '/c/spring', {
    agent,
    address: `203.0.113.${at}`,
    country: at % 3 ? 'DE' : 'FR',
  })
  clicks.push(clickIn(led.location))
}
await vi.waitUntil(
  async () => (await postgres.query('select from clicks.clicks')).rowCount === clicks.length,
  soon,
)
const [first = '', , , bot = ''] = clicks
const postback = (click: string) =>
  app.fetch(`/postback/net1?clickid=${click}&payout=2.50&currency=USD&status=ok&secret=${secret}`)
await postback(first)
await postback('0190163d-8694-739b-aea5-966c26f8ad91')
const draft = await boss.post('/rule-sets', {
  name: 'No phones',
  rules: [
    { name: 'phone', fact: 'device', op: 'eq', value: 'mobile', weight: 100, class: 'S', reason: 'A phone' },
  ],
})
const window = {
  from: new Date(Date.now() - 3_600_000).toISOString(),
  to: new Date(Date.now() + 1_000).toISOString(),
}
await boss.post(`/rule-sets/${idOf(draft)}/replay`, window)
await app.scheduled('* * * * *')

const browser = await freshBrowser()
const operator = { role: 'admin', sub: '1' }
const open = (path: string, options: Visit = {}) =>
  openPage(browser, app.url + path, { as: operator, ...options })

async function read(path: string): Promise<unknown> {
  const response = await app.fetch(path, { headers: { authorization: token } })
  return response.json()
}

describe('the page of campaigns', () => {
  it('moves the day that it accounts for with the clock', async () => {
    const page = await open('/app/clicks')
    const ends: number[] = []
    page.on('request', (request) => {
      const url = new URL(request.url())
      if (url.pathname === '/v1/clicks/accounting') ends.push(Date.parse(url.searchParams.get('to') ?? ''))
    })
    await settledPanels(page)
    const first = ends[0] ?? Number.NaN
    // The page takes its time from the server.
    await page.route('**/v1/**', async (route) => {
      const response = await route.fetch()
      const date = new Date(Date.now() + 2 * 3_600_000).toUTCString()
      await route.fulfill({ response, headers: { ...response.headers(), date } })
    })
    await readAgain(page)
    await expect.poll(() => Math.max(...ends) - first, soon).toBeGreaterThanOrEqual(2 * 3_600_000)
    await page.unrouteAll({ behavior: 'ignoreErrors' })
    await page.context().close()
  })

  it('accounts for each redirect as a sum, and says what a draft of rules would change', async () => {
    const page = await open('/app/zones')
    const answers = collectAnswers(page)
    await followLink(page, 'Clicks')
    const values = await comparedWithAnswers(page, answers, read)
    expect(values.untrue).toEqual([])
    expect(values.compared).toBeGreaterThan(2)
    const sums = await comparedWithSums(page, read)
    expect(sums).toEqual({ compared: expect.any(Number), untrue: [] })
    expect(sums.compared).toBeGreaterThan(1)
    const account = page.locator('.panel', { hasText: 'Redirected clicks of a day' })
    expect(await account.textContent()).toMatch(/12\s*redirected=\s*12\s*stored.*adds up/)
    const { rows } = await postgres.query('select changed::int from clicks.replays')
    expect(rows[0].changed).toBeGreaterThan(0)
    await page.getByText(`${rows[0].changed} of`).waitFor()
    await page.getByText('clicks would change').waitFor()
    await page.context().close()
  })

  it('lists a parked postback, and gives it the click that a person names', async () => {
    const page = await open('/app/clicks')
    await settledPanels(page)
    const parked = page.locator('.panel', { hasText: 'Parked postbacks' })
    await parked.locator('summary').click()
    const field = parked.getByLabel('Id of its click')
    await field.fill('no click')
    await parked.getByRole('button', { name: 'Match' }).click()
    await parked.getByText('validation_failed').waitFor()
    await field.fill(clicks[1] ?? '')
    await parked.getByRole('button', { name: 'Match' }).click()
    await parked.getByText('accepted').waitFor()
    const found = await postgres.query('select click_id from clicks.conversions order by id desc limit 1')
    expect(found.rows[0].click_id).toBe(clicks[1])
    await page.context().close()
  })

  it('shows a partner its own campaigns, without the rules and the account of all', async () => {
    const page = await open('/app/clicks', { as: { role: 'partner', sub: 'acme' } })
    expect(await settledPanels(page)).toEqual({
      Campaigns: 'live',
      'Parked postbacks': 'empty',
      'Postbacks to sources': 'empty',
    })
    expect(await page.locator('tbody tr').count()).toBe(1)
    await page.goto(`${app.url}/app/clicks/${campaign}`)
    await page.getByText('not_found').first().waitFor()
    await page.goto(`${app.url}/app/clicks/${others}`)
    expect(await settledPanels(page)).toMatchObject({ 'From click to conversion': 'empty', Clicks: 'empty' })
    await page.context().close()
  })
})

describe('the page of a campaign', () => {
  it('shows clicks, unique, valid and conversions, and each group of them, as the API has them', async () => {
    const page = await open('/app/clicks')
    const answers = collectAnswers(page)
    await page.goto(`${app.url}/app/clicks/${campaign}?group=country`)
    expect(await settledPanels(page)).toMatchObject({
      'From click to conversion': 'live',
      'By country': 'live',
    })
    const values = await comparedWithAnswers(page, answers, read)
    expect(values.untrue).toEqual([])
    expect(values.compared).toBeGreaterThan(10)
    const sums = await comparedWithSums(page, read)
    expect(sums).toEqual({ compared: 4, untrue: [] })
    const funnel = page.locator('.funnel')
    expect(await funnel.locator('data').evaluateAll((all) => all.map((one) => one.textContent))).toEqual([
      '12',
      '12',
      // Three are bots; a conversion within two seconds makes a click invalid, too.
      expect.stringMatching(/^[789]$/),
      expect.stringMatching(/^[12]$/),
    ])
    await page.getByLabel('Group').selectOption('device')
    await page.locator('.panel[aria-label="By device"]').getByRole('cell', { name: 'mobile' }).waitFor()
    await page.context().close()
  })

  it('pauses the campaign, so that its visitors go elsewhere at once', async () => {
    const page = await open(`/app/clicks/${campaign}`)
    await settledPanels(page)
    await page.getByRole('button', { name: /^Pause/ }).click()
    await page.getByRole('button', { name: 'Resume' }).waitFor()
    expect((await visit(app, '/c/spring')).status).toBe(404)
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: /^Pause/ }).waitFor()
    await page.context().close()
  })
})

describe('the page of a click', () => {
  it('explains why it is invalid: rule, fact, weight and reason, and that its choice follows again', async () => {
    const page = await open(`/app/click/${bot}`)
    await settledPanels(page)
    const decision = await page.locator('.panel[aria-label="Decision"]').textContent()
    expect(decision).toMatch(
      /invalid: general.*bot = true.*100.*The agent names a bot.*the same choice follows again/s,
    )
    await page.context().close()
  })

  it('says so when no such click exists', async () => {
    const page = await open('/app/click/0190163d-8694-739b-aea5-966c26f8ad91')
    await page.getByText('not_found').first().waitFor()
    expect(await violations(page)).toEqual([])
    await page.context().close()
  })
})
