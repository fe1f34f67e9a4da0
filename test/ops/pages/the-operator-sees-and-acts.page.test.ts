import type { Locator } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { modules } from '../../../functions/modules.ts'
import { pidOf, untilBlocking } from '../../support/blocking.ts'
import { freshBrowser, openPage } from '../../support/browser.ts'
import { tabTo } from '../../support/keyboard.ts'
import { readAgain } from '../../support/panels.ts'
import { textOnPaper, withoutBlanks } from '../../support/pdf.ts'
import { collectAnswers, comparedWithAnswers } from '../../support/shown.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'

const app = await freshWorker({ pages: true, bindings: { DEV_SIGN_IN: '1' } })
const { admin, connect } = app.database
const browser = await freshBrowser()
const as = { role: 'admin', sub: '1' }
for (const cron of ['* * * * *', '*/15 * * * *', '7 * * * *']) await app.scheduled(cron)

type Measured = { name: string; p95Ms: number | null }
type Rule = { name: string; raise: number; clear: number; pendingFor: number }
const none: Rule = { name: 'none', raise: 0, clear: 0, pendingFor: 0 }

describe('the pages of the operator', () => {
  it('run, pause and resume a job by keyboard alone', async () => {
    const page = await openPage(browser, `${app.url}/app/ops/jobs/core-housekeeping`, { as })
    await page.getByRole('button', { name: 'Run it now' }).waitFor()
    await tabTo(page, 'Run it now')
    await page.keyboard.press('Enter')
    await page.getByText(/\d+ rows?$/).waitFor()
    await tabTo(page, 'Why')
    await page.keyboard.type('the disk is full')
    await page.keyboard.press('Enter')
    await page.getByText(/the disk is full/).waitFor()
    await page.goto(`${app.url}/app/ops/log`)
    await page.getByText('job.pause').waitFor()
    await page.goto(`${app.url}/app/ops/jobs/core-housekeeping`)
    await page.getByRole('button', { name: /^Resume/ }).click()
    await page.getByRole('button', { name: /^Pause/ }).waitFor()
    const { rows } = await admin.query('select reason, ended_at is not null as ended from core.job_pauses')
    expect(rows).toEqual([{ reason: 'the disk is full', ended: true }])
    await page.context().close()
  })

  it('show the failed check of a Worker that is not ready', async () => {
    const page = await openPage(browser, `${app.url}/app/ops`, { as })
    const checks = page.getByRole('region', { name: 'Readiness' })
    await checks.getByText('answers').first().waitFor()
    const failed = { name: 'database', ok: false, detail: 'does not answer', ageSeconds: null }
    const asOf = new Date().toISOString()
    await page.route('**/readyz', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'unavailable', title: 'Away', asOf, checks: [failed], matters: [] }),
      }),
    )
    await readAgain(page)
    await checks.getByText('does not answer').waitFor()
    await checks.getByText(/failed$/).waitFor()
    expect(await checks.getAttribute('data-state')).toBe('live')
    await page.context().close()
  })

  it('silence and acknowledge an alert by keyboard alone', async () => {
    await admin.query(
      `insert into core.alerts (rule, labels, state, severity, since, seen_at, fired_at, value, peak, count, evidence)
       values ('job_failing', '{"job": "core-partitions"}', 'firing', 'critical', now(), now(), now(), 4, 5, 3,
         '[{"job": "core-partitions", "error": "<b>disk full</b>"}]')`,
    )
    const page = await openPage(browser, `${app.url}/app/ops`, { as })
    await page.getByRole('link', { name: 'job_failing' }).waitFor()
    await tabTo(page, 'job_failing')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Silence job_failing' }).waitFor()
    await page.getByText('Evidence: 1 row').click()
    await page.getByText('<b>disk full</b>').waitFor()
    await tabTo(page, 'Silence job_failing')
    await page.keyboard.press('Enter')
    await tabTo(page, 'Reason')
    await page.keyboard.type('a new disk comes tomorrow')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'End the silence of job_failing' }).waitFor()
    await tabTo(page, 'Acknowledge job_failing')
    await page.keyboard.press('Enter')
    await tabTo(page, 'Note')
    await page.keyboard.type('ordered a disk')
    await page.keyboard.press('Enter')
    await page.getByText('acknowledged by').waitFor()
    const { rows } = await admin.query('select rule, reason from core.silences')
    expect(rows).toEqual([{ rule: 'job_failing', reason: 'a new disk comes tomorrow' }])
    await page.context().close()
  })

  it('show the values of a rule, try other limits, and keep what was typed when the token ends', async () => {
    const authorization = `Bearer ${await app.token('admin', 1)}`
    const response = await app.fetch('/v1/ops/rules', { headers: { authorization } })
    const { data }: { data: Rule[] } = await response.json()
    const { name, raise, clear } =
      data.find((rule) => rule.raise >= rule.clear && rule.pendingFor < 1_800) ?? none
    await admin.query(
      `insert into core.alert_values (rule, at, measured)
       select $1, now() - make_interval(mins => n), jsonb_build_array(jsonb_build_object('labels', '{"thing": "a"}'::jsonb,
         'value', case when n between 60 and 120 then $2 + 1 else $3 end))
       from generate_series(1, 240) n`,
      [name, raise, clear],
    )
    const page = await openPage(browser, `${app.url}/app/ops/alerts/${name}`, { as })
    await page.getByText(/the limits as they are would have fired [1-9]/).waitFor()
    const slider = page.getByRole('slider', { name: new RegExp(`^Values of ${name}`) })
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/thing a: last .* highest /)
    const field = page.getByLabel('Fires beyond')
    await field.fill(String(raise * 2 + 10))
    await page.getByRole('button', { name: 'Try these limits' }).click()
    await page
      .getByRole('status')
      .getByText(/these limits would have fired no alert/)
      .waitFor()

    await page.route('**/v1/ops/**', (route) =>
      route.fallback({ headers: { ...route.request().headers(), authorization: 'Bearer ended' } }),
    )
    await readAgain(page)
    await page.getByRole('heading', { name: 'Your token has ended' }).waitFor()
    await page.unroute('**/v1/ops/**')
    await page.getByRole('button', { name: /^Operator/ }).click()
    await page.getByRole('heading', { name: 'Your token has ended' }).waitFor({ state: 'detached' })
    expect(await field.inputValue()).toBe(String(raise * 2 + 10))
    await page.context().close()
  })

  it('open the statement of a receipt', async () => {
    const page = await openPage(browser, `${app.url}/app/ops/jobs`, { as })
    await page.getByRole('link', { name: 'core-housekeeping' }).first().waitFor()
    await page.keyboard.press('.')
    await page.locator('.drawer summary', { hasText: '/v1/ops/jobs' }).first().click()
    await page.locator('.drawer').getByRole('link', { name: 'ops.list-jobs' }).first().click()
    await page.getByRole('heading', { name: 'Statement ops.list-jobs' }).waitFor()
    expect(page.url()).toBe(`${app.url}/app/ops/requests/ops.list-jobs`)
    await page.context().close()
  })

  it('show the p95 of a statement as the Worker has measured it, in the list and on its page', async () => {
    const token = `Bearer ${await app.token('admin', 1)}`
    const read = async (path: string): Promise<unknown> =>
      (await app.fetch(path, { headers: { authorization: token } })).json()
    // Postgres is read at the end of a slot; what came before its first reading counts for no hour.
    const measured = async () => {
      await app.scheduled('* * * * *')
      const { data } = (await read('/v1/ops/queries?order=calls')) as { data: Measured[] }
      return data.find(({ p95Ms }) => p95Ms !== null) ?? null
    }
    await expect.poll(measured, soon).not.toBeNull()
    const name = (await measured())?.name ?? ''

    const page = await openPage(browser, `${app.url}/app/ops`, { as })
    const answers = collectAnswers(page)
    await page.getByRole('link', { name: 'Requests', exact: true }).click()
    const list = page.getByRole('region', { name: 'Statements, last hour' })
    await list.locator('data[data-at$=".p95Ms"]').first().waitFor()
    expect((await comparedWithAnswers(page, answers, read)).untrue).toEqual([])
    await page.goto(`${app.url}/app/ops/requests/${name}`)
    await page.locator('dd data[data-at$="#figures.p95Ms"]').waitFor()
    expect((await comparedWithAnswers(page, answers, read)).untrue).toEqual([])
    await page.context().close()
  })

  it('show forty rows of a long table, and all of them on paper', async () => {
    const page = await openPage(browser, `${app.url}/app/ops/storage`, { as })
    const panel = page.getByRole('region', { name: 'Tables', exact: true })
    const rows = panel.locator('tbody tr')
    const names = async () => (await rows.locator('td:first-child').allInnerTexts()).map(withoutBlanks)
    const all = panel.getByRole('button', { name: /^Show all \d+$/ })
    await all.click()
    const whole = await names()
    expect(whole.length).toBeGreaterThan(40)
    await panel.getByRole('button', { name: 'Show 40' }).click()
    await all.waitFor()
    expect(await names()).toEqual(whole.slice(0, 40))
    const paper = await textOnPaper(page)
    expect(whole.filter((name) => !paper.includes(name))).toEqual([])
    await all.waitFor()
    expect(await rows.count()).toBe(40)
    await page.context().close()
  })

  it('show who blocks whom', async () => {
    await admin.query(
      `insert into core.job_pauses (job, until, reason, by) values ('held', now() + interval '1 hour', 'r', 'b')`,
    )
    const [holder, waiter] = [await connect(), await connect()]
    const page = await openPage(browser, `${app.url}/app/ops/database`, { as })
    const locks = page.getByRole('region', { name: 'Locks' })
    const shows = (row: Locator) =>
      expect
        .poll(
          async () => {
            // A read drops the answer of the one before, so the next one begins after this answer.
            const answered = page.waitForResponse('**/v1/ops/locks')
            await readAgain(page)
            await answered
            return row.count()
          },
          { interval: 300 },
        )
        .toBe(1)
    // On the server of all test files some session nearly always waits for another one.
    await page.route('**/v1/ops/locks', (route) =>
      route.fulfill({ json: { asOf: new Date().toISOString(), sessions: [], horizon: [] } }),
    )
    await shows(locks.getByText('No session waits for another one.'))
    await page.unroute('**/v1/ops/locks')
    const hold = `update core.job_pauses set reason = 's' where job = 'held'`
    await holder.query('begin')
    await holder.query(hold)
    const waiting = waiter.query(hold)
    await untilBlocking(holder, admin)
    const row = (name: string) => locks.getByRole('row', { name: new RegExp(name) })
    await shows(row(`^${pidOf(holder)} .*blocks others, idle in transaction`))
    await shows(row(`${pidOf(waiter)} .*waits for ${pidOf(holder)} .*waits`))
    await holder.query('rollback')
    await waiting
    await page.context().close()
  })

  it('store marked dead messages after all, or say why one stays dead', async () => {
    const stream = modules.flatMap(({ queues = [] }) => queues)[0]?.stream ?? ''
    await admin.query(
      `insert into core.dead_messages (stream, message, body, reason, attempts)
       values ($1, 'first', '{"v":99}', 'unknown_version', 3), ($1, 'second', '{"v":99}', 'unknown_version', 3)`,
      [stream],
    )
    const page = await openPage(browser, `${app.url}/app/ops/waiting`, { as })
    const box = page.getByRole('checkbox', { name: /^Mark message/ })
    await box.first().waitFor()
    expect(await box.count()).toBe(2)
    await box.first().check()
    await page.getByRole('button', { name: `Store these 1 of ${stream}` }).click()
    await page.getByText(/stays dead/).waitFor()
    expect(await page.getByText(/stays dead/).count()).toBe(1)
    await page.context().close()
  })

  it.each(modules.flatMap(({ queues = [] }) => queues.map((queue) => queue.stream)))(
    'can have dead messages of %s stored',
    async (stream) => {
      const response = await app.fetch('/v1/ops/dead/replay', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await app.token('admin', 1)}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ stream }),
      })
      expect([response.status, await response.json()]).toMatchObject([200, { left: expect.any(Number) }])
    },
  )
})
