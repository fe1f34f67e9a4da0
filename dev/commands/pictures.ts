import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../system/browser.ts'
import { projectRoot } from '../system/project.ts'
import { readRunning } from '../system/state.ts'

/** Makes the pictures of the README from the running system: `npm start`, then this in a second terminal. */
const folder = join(projectRoot, 'dev/pictures')

type Picture = {
  name: string
  /** The label of the person in the sign-in; null for a visitor. */
  as: string | null
  path: string
  /** Brings the page into the state of the picture. */
  show: (page: Page) => Promise<void>
}

const pictures: readonly Picture[] = [
  { name: 'map', as: null, path: '/', show: (page) => page.locator('.map .track.future').waitFor() },
  {
    name: 'race',
    as: 'Operator',
    path: '/app/race',
    async show(page) {
      await page.getByRole('button', { name: /^Create one order/ }).click()
      await page.locator('.lanes').waitFor({ timeout: 120_000 })
    },
  },
  {
    name: 'click',
    as: 'Operator',
    path: '/app/clicks',
    async show(page) {
      await page.locator('main tbody a').first().click()
      // A bot, because its rule is shown.
      await page.locator('main tr', { hasText: 'general' }).first().locator('a').first().click()
      await settled(page)
    },
  },
  {
    name: 'operator',
    as: 'Operator',
    path: '/app/ops',
    async show(page) {
      await settled(page)
      // The first rates are known after a few seconds.
      await page.locator('.figures', { hasNotText: 'unknown' }).waitFor()
    },
  },
]

const running = readRunning()
if (running === null) {
  console.error('Nothing runs here: npm start, then this in a second terminal.')
  process.exit(1)
}
mkdirSync(folder, { recursive: true })
await using browser = await launchBrowser()
let failed = 0
for (const picture of pictures) {
  try {
    await take(browser, running.url, picture)
    console.log(`dev/pictures/${picture.name}.png`)
  } catch (error) {
    failed += 1
    console.error(`${picture.name}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
  }
}
process.exitCode = failed > 0 ? 1 : 0

async function take(browser: Browser, url: string, { name, as, path, show }: Picture): Promise<void> {
  const look = { viewport: { width: 1280, height: 860 }, locale: 'en-GB', timezoneId: 'UTC' }
  const context = await browser.newContext({ ...look, colorScheme: 'light' })
  const page = await context.newPage()
  if (as !== null) {
    await page.goto(`${url}/app`)
    await page.getByRole('button', { name: new RegExp(`^${as}`) }).click()
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
  }
  await page.goto(url + path)
  await show(page)
  await page.screenshot({ path: join(folder, `${name}.png`) })
  await context.close()
}

/** Every panel has its first answer. */
async function settled(page: Page): Promise<void> {
  await page.locator('[data-state="live"], [data-state="stale"]').first().waitFor()
  // Counted from outside, because the policy of the page evaluates no text.
  while ((await page.locator('[data-state="loading"]').count()) > 0) await page.waitForTimeout(100)
}
