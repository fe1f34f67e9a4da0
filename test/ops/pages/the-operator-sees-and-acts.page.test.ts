import type { Locator } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { modules } from '../../../functions/modules.ts'
import { pidOf, untilBlocking } from '../../support/blocking.ts'
import { freshBrowser, openPage, sidewaysScroll, violations } from '../../support/browser.ts'
import { tabTo } from '../../support/keyboard.ts'
import { collectAnswers, comparedWithAnswers } from '../../support/shown.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'

const app = await freshWorker({ bindings: { DEV_SIGN_IN: '1' } })
const { admin, connect } = app.database
const browser = await freshBrowser()
const as = { role: 'admin', sub: '1' }
const token = await app.token('admin', 1)
const read = async (path: string) =>
  (await app.fetch(path, { headers: { authorization: `Bearer ${token}` } })).json()
for (const cron of ['* * * * *', '*/15 * * * *', '7 * * * *']) await app.scheduled(cron)

const pages = [
  '/app/ops',
  '/app/ops/alerts',
  '/app/ops/requests',
  '/app/ops/log',
  '/app/ops/jobs',
  '/app/ops/jobs/core-housekeeping',
  '/app/ops/database',
  '/app/ops/storage',
  '/app/ops/waiting',
]

describe('the pages of the operator', () => {
  it.each([
    { width: 1280, dark: false },
    { width: 320, dark: true },
  ])('are without a fault and show the values of the API, at $width px', async (look) => {
    const page = await openPage(browser, `${app.url}/app/ops`, { ...look, as })
    const answers = collectAnswers(page)
    for (const path of pages) {
      await page.goto(app.url + path)
      await page.locator('.panel:not(.loading)').first().waitFor()
      await expect.poll(() => page.locator('.panel.loading').count(), soon).toBe(0)
      expect([path, await violations(page)]).toEqual([path, []])
      expect([path, await sidewaysScroll(page)]).toEqual([path, 0])
      expect([path, (await comparedWithAnswers(page, answers, read)).untrue]).toEqual([path, []])
    }
    expect(page.faults).toEqual([])
    await page.context().close()
  })

  it('run, pause and resume a job by keyboard alone', async () => {
    const page = await openPage(browser, `${app.url}/app/ops/jobs/core-housekeeping`, { as })
    await page.getByRole('button', { name: 'Run it now' }).waitFor()
    await tabTo(page, 'Run it now')
    await page.keyboard.press('Enter')
    await page.getByText(/\d+ rows$/).waitFor()
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

  it('show who blocks whom', async () => {
    await admin.query(
      `insert into core.job_pauses (job, until, reason, by) values ('held', now() + interval '1 hour', 'r', 'b')`,
    )
    const [holder, waiter] = [await connect(), await connect()]
    const page = await openPage(browser, `${app.url}/app/ops/database`, { as })
    // The Worker's own sessions may wait for each other for a moment, and a tab that is seen again reads at once.
    const locks = page.getByRole('region', { name: 'Locks' })
    const seenAgain = () => page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
    const shows = (row: Locator) =>
      expect
        .poll(
          async () => {
            await seenAgain()
            return row.count()
          },
          { interval: 300 },
        )
        .toBe(1)
    await shows(locks.getByText('No session waits for another one.'))
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
})
