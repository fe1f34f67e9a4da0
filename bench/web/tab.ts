import type { Browser, CDPSession, Page } from 'playwright-core'
import { launchBrowser } from '../../dev/system/browser.ts'
import type { Role } from '../../functions/registry/roles.ts'
import type { BenchWorker } from '../rig.ts'

export type Tab = { page: Page; protocol: CDPSession; [Symbol.asyncDispose]: () => Promise<void> }
type Who = { role: Role; sub: string; tenantId?: number }

/** A window of a person with a token, with a script that runs before those of the page. */
export async function openTab(worker: BenchWorker, who: Who | null, script = ''): Promise<Tab> {
  const browser: Browser = await launchBrowser()
  const look = { viewport: { width: 1280, height: 900 }, locale: 'en-GB', timezoneId: 'UTC' }
  const context = await browser.newContext(look)
  if (who !== null) {
    const token = await worker.token(who.role, who.sub, who.tenantId)
    await context.addInitScript(`sessionStorage.setItem('lockstep.token', ${JSON.stringify(token)})`)
  }
  await context.addInitScript(script)
  const page = await context.newPage()
  const protocol = await context.newCDPSession(page)
  return { page, protocol, [Symbol.asyncDispose]: () => browser.close() }
}
