import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadDemoData } from '../../dev/seed/load.ts'
import { listPages } from '../../dev/system/pages.ts'
import { match } from '../../web/parts/match.ts'
import { type Person, people } from '../../web/people.ts'
import { freshBrowser, openPage, violations, type Watched } from '../support/browser.ts'
import { comparedWithSums } from '../support/panels.ts'
import { collectAnswers, comparedWithAnswers } from '../support/shown.ts'
import { soon } from '../support/soon.ts'
import { freshWorker, type TestWorker } from '../support/worker.ts'
import { type Answers, failure, standBetween } from './support/answers.ts'
import {
  faultsOf,
  faultsOfAge,
  faultsOfEmptiness,
  faultsOfFailure,
  faultsOfKeeping,
  faultsOfLoading,
  panelsOf,
} from './support/faults.ts'

/*
 * Each page that web/pages.ts names, as each person who may see it, in each state. Pages of one thing are found by the
 * links of the other pages, so that a new page is covered without a new line here. A row whose demo data leaves a page
 * empty brings test/<row>/pages/prepare.ts.
 */

type Who = Omit<Person, 'row' | 'hint' | 'opens'>
type Prepare = {
  bindings?: Record<string, string>
  prepare: (app: TestWorker, people: readonly Who[]) => Promise<void>
}

const pages = await listPages()
const prepared: Prepare[] = []
for (const row of readdirSync(join(import.meta.dirname, '..'))) {
  const file = join(import.meta.dirname, '..', row, 'pages/prepare.ts')
  if (existsSync(file)) prepared.push(await import(file))
}
const persons = [...new Map(people.map((one) => [`${one.role} ${one.tenantId ?? one.sub}`, one])).values()]

const app = await freshWorker({
  pages: true,
  bindings: { DEV_SIGN_IN: '1', ...Object.assign({}, ...prepared.map(({ bindings = {} }) => bindings)) },
})
await loadDemoData(app.database.ownerUrl)
for (const { prepare } of prepared) await prepare(app, persons)
for (const cron of ['* * * * *', '*/15 * * * *', '7 * * * *', '37 */2 * * *', '47 */6 * * *'])
  await app.scheduled(cron)
const browser = await freshBrowser()

/** A page with all its states is walked once; another person sees it in full only. */
const walked = new Set<string>()

/** One person has most of the pages, and the machine may be busy. */
const patience = 1_200_000

describe('each page in each state', () => {
  it.each([null, ...persons].map((who) => ({ who, name: who?.label ?? 'a visitor' })))(
    'is without a fault for $name',
    async ({ who }) => {
      const page = await windowOf(who)
      const faults = await walk(page, who)
      expect(faults).toEqual([])
      await page.context().close()
    },
    patience,
  )

  it('was reached by links', () => {
    expect(pages.map(({ path }) => path).filter((path) => !walked.has(path))).toEqual([])
  })
})

type Window = Watched & {
  answers: Answers
  read: (path: string) => Promise<unknown>
  told: Map<string, unknown[]>
}

async function windowOf(who: Who | null): Promise<Window> {
  const { role, sub, tenantId } = who ?? { role: null, sub: '', tenantId: undefined }
  const as = role === null ? undefined : { role, sub, ...(tenantId !== undefined && { tenantId }) }
  const page = await openPage(browser, `${app.url}/app`, as && { as })
  await page.clock.install()
  const answers = await standBetween(page.context())
  const told = collectAnswers(page)
  const authorization =
    as && `Bearer ${await app.token(as.role as Parameters<typeof app.token>[0], as.sub, as.tenantId)}`
  async function read(path: string): Promise<unknown> {
    const response = await app.fetch(path, authorization ? { headers: { authorization } } : {})
    return response.json()
  }
  await page.reload()
  return Object.assign(page, { answers, read, told })
}

type Seen = { faults: string[]; links: string[] }

/** Every page that the person may see, the first address of each. */
async function walk(page: Window, who: Who | null): Promise<string[]> {
  const allowed = pages.filter(
    ({ roles }) => roles === 'everybody' || (who !== null && roles.includes(who.role)),
  )
  const found = new Map(
    allowed.filter(({ path }) => !path.includes('{')).map((entry) => [entry.path, entry.path]),
  )
  const faults: string[] = []
  for (const [pattern, path] of found) {
    const isFirst = !walked.has(pattern)
    walked.add(pattern)
    const seen = isFirst ? await inEachState(page, path) : await inFull(page, path)
    faults.push(...seen.faults.map((fault) => `${who?.role ?? 'visitor'} ${path}: ${fault}`))
    for (const href of seen.links)
      for (const other of allowed)
        if (!found.has(other.path) && match(other.path, href.split('?')[0] ?? '')) found.set(other.path, href)
    faults.push(...page.faults.splice(0).filter(isOwn))
  }
  return faults
}

/** The browser itself logs each answer of this test that fails. */
const isOwn = (fault: string) => !/Failed to load resource.*(?:status of 503|ERR_FAILED)/.test(fault)

const linksOf = (page: Window) =>
  page.evaluate<string[]>(
    `[...document.querySelectorAll('main a[href^="/"]')].map((link) => link.getAttribute('href'))`,
  )

async function inEachState(page: Window, path: string): Promise<Seen> {
  const faults: string[] = []
  const note = (state: string, found: readonly string[]) =>
    faults.push(...found.map((fault) => `${state}: ${fault}`))

  await leave(page)
  page.answers.set('held')
  await open(page, path)
  note('loading', faultsOfLoading(await panelsOf(page)))
  page.answers.taken()
  page.answers.set('live')
  await settled(page)
  note('first sight', costOf(page.answers.taken()))
  const { faults: found, links } = await inFull(page, path)
  note('full', [...found, ...(await violations(page))])
  await look(page, { width: 320, dark: true })
  note('full at 320 px', [...(await violations(page)), ...(await faultsOf(page))])

  page.answers.set('silent')
  // A real answer would set the clock of the page right again.
  await expect.poll(() => page.answers.open(), soon).toBe(0)
  await page.clock.fastForward('40:00')
  note('old', faultsOfAge(await panelsOf(page)))
  page.answers.set('failing')
  await readAgain(page)
  note('failing again', [...faultsOfKeeping(await panelsOf(page)), ...(await faultsOf(page))])

  await leave(page)
  await open(page, path)
  await seeAll(page)
  note('failing', [...faultsOfFailure(await panelsOf(page), failure), ...(await faultsOf(page))])

  for (const manner of ['emptied', 'hostile'] as const) {
    page.answers.set(manner)
    await leave(page)
    await open(page, path)
    await seeAll(page)
    const states = manner === 'emptied' ? faultsOfEmptiness(await panelsOf(page)) : []
    note(manner, [...states, ...(await faultsOf(page))])
  }
  await look(page, { width: 1280, dark: false })
  note('hostile at 1280 px', await faultsOf(page))
  page.answers.set('live')
  return { faults, links }
}

/** At most three calls, each of one round trip. */
function costOf(taken: readonly { path: string; trips: number }[]): string[] {
  // A page with a stream reads a path again once the stream is connected, so that no event is missed between the two.
  const paths = [...new Set(taken.map(({ path }) => path))]
  const long = taken
    .filter(({ trips }) => trips > 1)
    .map(({ path }) => `${path} takes more than one round trip`)
  return paths.length > 3 ? [...long, `${paths.length} calls: ${paths.join(' ')}`] : long
}

async function inFull(page: Window, path: string): Promise<Seen> {
  if (!page.url().endsWith(path)) {
    await leave(page)
    await open(page, path)
  }
  await seeAll(page)
  const panels = await panelsOf(page)
  const values = await comparedWithAnswers(page, page.told, page.read)
  const sums = await comparedWithSums(page, page.read)
  const faults = [
    ...panels
      .filter(({ state }) => state === 'error')
      .map(({ name, text }) => `${name} failed: ${text.slice(0, 200)}`),
    ...(await faultsOf(page)),
    ...values.untrue,
    ...sums.untrue,
  ]
  return { faults, links: await linksOf(page) }
}

/** By the address, as a link does: without loading the document again. */
async function open(page: Window, path: string): Promise<void> {
  await page.evaluate(
    `history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`,
  )
  await page.locator('h1', { hasNotText: /^Sign in$/ }).waitFor()
}

/** To a page without panels, so that the next one begins anew. */
async function leave(page: Window): Promise<void> {
  await page.evaluate(`history.pushState(null, '', '/app'); dispatchEvent(new PopStateEvent('popstate'))`)
  await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor()
}

/** Until no call is open and no panel loads, nor waits to be seen if that is named. */
async function settled(page: Window, ...also: 'unseen'[]): Promise<void> {
  const waiting = ['loading', ...also].map((state) => `main [data-state="${state}"]`).join()
  await expect
    .poll(
      async () => {
        if (also.length > 0) await page.evaluate(`dispatchEvent(new Event('beforeprint'))`)
        const panels = await page.locator(waiting).evaluateAll((all) => all.map((one) => one.ariaLabel))
        return [page.answers.open(), ...panels]
      },
      { ...soon, interval: 100, message: page.url() },
    )
    .toEqual([0])
}

/** Also the panels further down, which are read once they are seen: paper shows all of them. */
async function seeAll(page: Window): Promise<void> {
  await settled(page, 'unseen')
}

async function readAgain(page: Window): Promise<void> {
  await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
  await settled(page)
}

async function look(page: Window, { width, dark }: { width: number; dark: boolean }): Promise<void> {
  await page.setViewportSize({ width, height: 900 })
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' })
}

describe('the checks of this walk', () => {
  it('find each fault that a page could have', async () => {
    const page = await windowOf(persons.find(({ role }) => role === 'admin') ?? null)
    await open(page, '/app/ops')
    await seeAll(page)
    expect(await faultsOf(page)).toEqual([])
    const plant = async (change: string) => {
      await page.evaluate(change)
      return (await faultsOf(page)).join('\n')
    }
    const badge = `document.querySelector('main .badge')`
    expect(await plant(`${badge}.lastChild.textContent = ''`)).toContain('only a colour')
    expect(await plant(`document.querySelector('main data').removeAttribute('data-at')`)).toContain(
      'without its source',
    )
    expect(await plant(`document.querySelector('main').append(document.createElement('canvas'))`)).toContain(
      'a chart without a table',
    )
    expect(page.faults).toEqual([])
    await page.evaluate(`document.querySelector('h1').setAttribute('style', 'color: red')`)
    await page.evaluate(`console.error('a fault')`)
    expect(page.faults.join('\n')).toMatch(/style[\s\S]*a fault/)
    page.answers.set('failing')
    await readAgain(page)
    expect([...faultsOfKeeping(await panelsOf(page)), ...(await violations(page))]).toEqual([])
    await page.evaluate(`for (const body of document.querySelectorAll('.error .body')) body.remove()`)
    expect(faultsOfKeeping(await panelsOf(page))).not.toEqual([])
    const panels = await panelsOf(page)
    const as = (state: string, hasData: boolean) => panels.map((panel) => ({ ...panel, state, hasData }))
    expect(faultsOfKeeping(as('error', false))).toHaveLength(panels.length)
    expect(faultsOfLoading(as('empty', true))).toHaveLength(panels.length)
    expect(faultsOfFailure(as('empty', true), failure).join()).toContain('after a failed read')
    expect(faultsOfAge(as('live', true)).length).toBeGreaterThan(0)
    expect(faultsOfEmptiness(as('error', true))).toHaveLength(panels.length)
    await page.context().close()
  })
})
