import type { Page } from 'playwright-core'

/** The name of the control that has the focus: its label, or its text. */
const nameOfFocus = `(() => {
  const element = document.activeElement
  const label = element.labels?.[0]?.textContent ?? element.getAttribute('aria-label')
  return (label ?? element.textContent ?? '').trim()
})()`

/** Presses Tab until the focus is on the control with this name, as a person without a mouse does. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const passed: string[] = []
  for (let presses = 0; presses < 120; presses += 1) {
    await page.keyboard.press('Tab')
    const focused = String(await page.evaluate(nameOfFocus))
    if (typeof name === 'string' ? focused === name : name.test(focused)) return
    passed.push(focused)
  }
  throw new Error(`Tab reaches no control named ${name}, but ${passed.slice(0, 40).join(' | ')}`)
}

/** Moves there by Tab and presses Enter. */
export async function choose(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name)
  await page.keyboard.press('Enter')
}
