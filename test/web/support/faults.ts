import type { Page } from 'playwright-core'

/*
 * Checks of a page that axe does not have. Each is a text that runs in the page, because the policy of the page lets no
 * other code in, and returns the faults that it found.
 */

/** A value without the place that it came from, so that nobody can compare it with the API. */
const unsourced = `
  // The values of a stream stand at no path, and the points of a chart are those of its panel.
  const sourced = '[data-at], [data-sum], [data-from]'
  const isFree = (element) => element.closest('[data-streamed], .points') !== null
  for (const value of document.querySelectorAll('main data, main .value'))
    if (!isFree(value) && !value.matches(sourced) && value.querySelector(sourced) === null && value.closest(sourced) === null)
      faults.push('a value without its source: ' + value.outerHTML.slice(0, 120))
  for (const cell of document.querySelectorAll('main td.numeric'))
    if (/\\d/.test(cell.textContent) && cell.querySelector(sourced) === null && !isFree(cell))
      faults.push('a number without its source: ' + cell.textContent + ' below ' + cell.dataset.label)
`

/** A state that only a colour says: what has the colour of a state is hidden from readers, or has words. */
const colourOnly = `
  const states = 'main :is(.ok, .warn, .bad, .unknown, .accent, .plain)'
  for (const state of document.querySelectorAll(states)) {
    if (state.closest('[aria-hidden="true"]') !== null) continue
    const words = [...state.childNodes].filter((node) => node.nodeType === 3 || node.ariaHidden !== 'true')
    if (!words.some((node) => /[\\p{L}\\d]/u.test(node.textContent)))
      faults.push('a state that is only a colour: ' + state.outerHTML.slice(0, 120))
  }
  for (const drawn of document.querySelectorAll('main [aria-hidden="true"]:has(.ok, .warn, .bad, .unknown, .accent, .plain)'))
    if (!/[\\p{L}\\d]/u.test(drawn.parentElement.textContent.replace(drawn.textContent, '')))
      faults.push('a state that only a drawing says: ' + drawn.outerHTML.slice(0, 120))
`

/** A chart that says nothing to a reader, or has no table. */
const chartWithoutWords = `
  for (const canvas of document.querySelectorAll('main canvas')) {
    const chart = canvas.closest('figure')
    const button = [...(chart?.querySelectorAll('button') ?? [])].find((one) => /table/i.test(one.textContent))
    if (button === undefined) faults.push('a chart without a table: ' + (chart?.ariaLabel ?? 'no figure'))
    if (!chart?.querySelector('[role="slider"]')?.getAttribute('aria-valuetext'))
      faults.push('a chart without a sentence: ' + (chart?.ariaLabel ?? 'no figure'))
  }
`

const layout = `
  const { scrollWidth, clientWidth } = document.documentElement
  if (scrollWidth > clientWidth) faults.push('scrolls sideways by ' + (scrollWidth - clientWidth))
  if (document.title === 'broken' || document.querySelector('main img') !== null) faults.push('markup of a text ran')
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1')
`

/** The faults of the page as it is now. */
export function faultsOf(page: Page): Promise<string[]> {
  const checks = [unsourced, colourOnly, chartWithoutWords, layout].map((check) => `{${check}}`)
  return page.evaluate<string[]>(`(() => { const faults = []; ${checks.join(';')}; return faults })()`)
}

export type ShownPanel = {
  name: string
  state: string
  /** Seconds; null for a panel that is read once or by a stream. */
  every: number | null
  text: string
  /** It shows data, be it greyed. */
  hasData: boolean
}

export function panelsOf(page: Page): Promise<ShownPanel[]> {
  return page.evaluate<
    ShownPanel[]
  >(`[...document.querySelectorAll('main .panel[data-state]')].map((panel) => ({
    name: panel.getAttribute('aria-label'),
    state: panel.dataset.state,
    every: panel.dataset.every === undefined ? null : Number(panel.dataset.every),
    text: panel.textContent,
    hasData: panel.querySelector('.body, .nothing') !== null,
  }))`)
}

/** A first sight, before any answer: each panel loads, and none says that it is empty or has failed. */
export function faultsOfLoading(panels: readonly ShownPanel[]): string[] {
  return panels
    .filter(({ state }) => !['loading', 'unseen'].includes(state))
    .map(({ name, state }) => `${name} is ${state} before an answer`)
}

/** A first read that failed says so, with the code and the request, and never that there is nothing. */
export function faultsOfFailure(
  panels: readonly ShownPanel[],
  { code, requestId }: { code: string; requestId: string },
): string[] {
  return panels.flatMap(({ name, state, text, hasData }) => [
    ...(state === 'error' ? [] : [`${name} is ${state} after a failed read`]),
    ...(text.includes(code) && text.includes(requestId)
      ? []
      : [`${name} does not say ${code} and the request`]),
    ...(hasData ? [`${name} shows data that never came`] : []),
  ])
}

/** A later read that failed leaves the last good data. */
export function faultsOfKeeping(panels: readonly ShownPanel[]): string[] {
  return panels
    .filter(({ state, hasData }) => state === 'error' && !hasData)
    .map(({ name }) => `${name} is blank after a failed refresh`)
}

/** A panel that is read at a rhythm says when no answer has come for long. */
export function faultsOfAge(panels: readonly ShownPanel[]): string[] {
  return panels
    .filter(({ every, state, hasData }) => every !== null && (state !== 'stale' || !hasData))
    .map(({ name, state }) => `${name} is ${state} although no answer has come for long`)
}

export function faultsOfEmptiness(panels: readonly ShownPanel[]): string[] {
  return panels
    .filter(({ state }) => state !== 'empty' && state !== 'live' && state !== 'stale')
    .map(({ name, state }) => `${name} is ${state} when its lists are empty`)
}
