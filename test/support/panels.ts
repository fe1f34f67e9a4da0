import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { soon } from './soon.ts'

/** Waits until each panel of the page was read, also those further down, and says in which state each is. */
export async function settledPanels(page: Page): Promise<Record<string, string>> {
  await page.locator('.panel[data-state]').first().waitFor()
  const waiting = page.locator('.panel:is([data-state="loading"], [data-state="unseen"])')
  await expect
    .poll(async () => {
      // Paper shows all panels.
      await page.evaluate(`dispatchEvent(new Event('beforeprint'))`)
      return waiting.count()
    }, soon)
    .toBe(0)
  return page
    .locator('.panel[data-state]')
    .evaluateAll((panels) =>
      Object.fromEntries(
        panels.map((panel) => [panel.getAttribute('aria-label'), panel.getAttribute('data-state')]),
      ),
    )
}

/** Follows a link of the menu, and waits until that page has taken the place of the one before and its panels were read. */
export async function followLink(page: Page, name: string): Promise<Record<string, string>> {
  await page.getByRole('link', { name }).click()
  await page.getByRole('heading', { level: 1, name }).waitFor()
  return settledPanels(page)
}

/** Lets each resource of the page be read again, without waiting for its time: as when the tab is seen again. */
export async function readAgain(page: Page): Promise<void> {
  await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
}

/**
 * Presses the button that a failed panel offers, once what failed is mended, until the panel is live. The panel also reads
 * again by itself, and then there is nothing to press.
 */
export async function tryAgain(panel: Locator, mended: () => unknown): Promise<void> {
  const button = panel.getByRole('button', { name: 'Try again' })
  await button.waitFor()
  await mended()
  await expect
    .poll(async () => {
      await button.click({ timeout: 500 }).catch(() => undefined)
      return panel.getAttribute('data-state')
    }, soon)
    .toBe('live')
}

/**
 * The totals on the page that differ from the sum of the members that they name: `<path>#<list>.*.<member>`. Also how many
 * were compared.
 */
export async function comparedWithSums(
  page: Page,
  read: (path: string) => Promise<unknown>,
): Promise<{ compared: number; untrue: string[] }> {
  const shown = await page.locator('data[data-sum]').evaluateAll((elements) =>
    elements.map((element) => ({
      at: element.getAttribute('data-sum') ?? '',
      value: Number(element.getAttribute('value')),
    })),
  )
  const untrue: string[] = []
  for (const { at, value } of shown) {
    const [path = '', place = ''] = at.split('#')
    const [list = '', member = ''] = place.split('.*.')
    const rows = membersOf(await read(path), list)
    const sum = rows.reduce((all: number, row) => all + Number(membersOf(row, member)), 0)
    if (sum !== value) untrue.push(`${at} shows ${value}, the API says ${sum}`)
  }
  return { compared: shown.length, untrue }
}

function membersOf(value: unknown, member: string): unknown[] {
  return (Object(value) as Record<string, unknown[]>)[member] ?? []
}
