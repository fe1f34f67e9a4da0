import type { Page } from 'playwright-core'

/** Presses Tab until the focus is on the element with this name, as a person without a mouse does. */
async function tabTo(page: Page, name: RegExp, { presses = 60 } = {}): Promise<void> {
  const seen: string[] = []
  for (let pressed = 0; pressed < presses; pressed += 1) {
    await page.keyboard.press('Tab')
    const text = await page.evaluate<string>(
      "(document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.innerText ?? '').trim()",
    )
    if (name.test(text)) return
    seen.push(text.split('\n')[0] ?? '')
  }
  throw new Error(`Tab does not reach ${name}, only: ${seen.join(' | ')}`)
}

/** Moves there by Tab and presses Enter. */
export async function choose(page: Page, name: RegExp): Promise<void> {
  await tabTo(page, name)
  await page.keyboard.press('Enter')
}
