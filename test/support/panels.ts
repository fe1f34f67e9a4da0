import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { sidewaysScroll, violations, type Watched } from './browser.ts'
import { soon } from './soon.ts'

/** Waits until no panel of the page loads any more, and says in which state each is. */
export async function settledPanels(page: Page): Promise<Record<string, string>> {
  await page.locator('.panel[data-state]:not([data-state="loading"])').first().waitFor()
  await expect.poll(() => page.locator('.panel[data-state="loading"]').count(), soon).toBe(0)
  return page
    .locator('.panel[data-state]')
    .evaluateAll((panels) =>
      Object.fromEntries(
        panels.map((panel) => [panel.getAttribute('aria-label'), panel.getAttribute('data-state')]),
      ),
    )
}

const looks = [
  { width: 1280, colours: 'light' },
  { width: 320, colours: 'dark' },
] as const

/** Failed panels, violations and sideways scroll at each width and colour, and a name whose markup is not text. */
export async function faultsInAnyLook(page: Watched): Promise<unknown[]> {
  const faults: unknown[] = []
  for (const { width, colours } of looks) {
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme: colours })
    if (Object.values(await settledPanels(page)).includes('error')) faults.push([width, 'a panel failed'])
    faults.push(...(await violations(page)).map((violation) => [width, violation]))
    const scroll = await sidewaysScroll(page)
    if (scroll !== 0) faults.push([width, `scrolls sideways by ${scroll}`])
  }
  if ((await page.title()) === 'broken') faults.push('the markup ran')
  if ((await page.locator('img').count()) > 0) faults.push('the markup made an image')
  return [...faults, ...page.faults]
}

/** Lets each resource of the page be read again, without waiting for its time: as when the tab is seen again. */
export async function readAgain(page: Page): Promise<void> {
  await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
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

/** Markup, a change of direction, an emoji and 500 characters: a page must show it as text, and stay as wide as it is. */
export const markupText = `<img src=x onerror="document.title='broken'">\u202e\u{1f33f} ${'x'.repeat(470)}`
