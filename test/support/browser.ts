import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'
import { launchBrowser } from '../../dev/system/browser.ts'
import { atTheEnd } from './at-the-end.ts'

/** A page of a test lives for seconds: V8's last compiler takes more time than its code saves. */
const flags = ['--js-flags=--no-opt']

/** A Chromium for this file, closed at its end. To be awaited at the top of the file. */
export async function freshBrowser(): Promise<Browser> {
  const browser = await launchBrowser({ flags })
  atTheEnd(() => browser.close())
  return browser
}

export type Watched = Page & {
  /** Errors and warnings of the console, and requests to another host: a test expects none. */
  faults: string[]
}

type Claims = { role: string; sub: string; tenantId?: number }

/** A person at a screen: their window, and how they signed in. */
export type Visit = BrowserContextOptions & { width?: number; dark?: boolean; as?: Claims }

/** A page in a window of its own, with the claims of `as` signed in by the development sign-in. */
export async function openPage(
  browser: Browser,
  url: string,
  { width = 1280, dark = false, as, ...options }: Visit = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
    locale: 'en-GB',
    timezoneId: 'UTC',
    ...options,
  })
  const page = await pageIn(context, url)
  if (as !== undefined) await signIn(context, url, as)
  await page.goto(url)
  return page
}

/** Another tab of the same window. */
export async function pageIn(context: BrowserContext, url: string): Promise<Watched> {
  const { origin } = new URL(url)
  const page: Watched = Object.assign(await context.newPage(), { faults: [] })
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) page.faults.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`))
  page.on('request', (request) => {
    const asked = new URL(request.url())
    if (asked.protocol.startsWith('http') && asked.origin !== origin)
      page.faults.push(`host: ${request.url()}`)
  })
  return page
}

/** The token of the development sign-in, in the storage of each tab that the window opens from now on. */
async function signIn(context: BrowserContext, url: string, claims: Claims): Promise<void> {
  const { origin } = new URL(url)
  const answer = await context.request.post(`${origin}/v1/dev/tokens`, { headers: { origin }, data: claims })
  const { token }: { token: string } = await answer.json()
  // Once a tab, so that a person who signs out stays signed out.
  await context.addInitScript(`
    if (sessionStorage.getItem('signed-in') === null) sessionStorage.setItem('lockstep.token', ${JSON.stringify(token)})
    sessionStorage.setItem('signed-in', 'once')`)
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The violations of WCAG 2.2 A and AA that axe finds, each with its first element. */
export async function violations(page: Page): Promise<string[]> {
  // Evaluated by the debugger, so the policy of the page stays as strict as it is. Once a document: axe is half a megabyte,
  // and runs twice as fast once the browser has compiled it.
  if (!(await page.evaluate<boolean>(`'axe' in globalThis`))) await page.evaluate(axeSource)
  return page.evaluate<string[]>(`(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const only = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }
    // Nobody reads the selector of an element, and no rule of these tags the stylesheets that axe would parse itself.
    const less = { selectors: false, preload: { assets: ['media'] } }
    const { violations } = await axe.run(document, { ...only, ...less })
    return violations.map(({ id, help, nodes }) => id + ': ' + help + ': ' + nodes[0].html.slice(0, 160))
  })()`)
}

/** By how many pixels the page is wider than its window. */
export function sidewaysScroll(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}
