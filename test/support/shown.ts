import type { Page } from 'playwright-core'

type Answers = Map<string, unknown[]>

/** The answers that the page gets from now on, by their address. */
export function collectAnswers(page: Page): Answers {
  const answers: Answers = new Map()
  page.on('response', async (response) => {
    const { pathname, search } = new URL(response.url())
    if (!pathname.startsWith('/v1/') || !response.ok() || response.request().method() !== 'GET') return
    const answer: unknown = await response.json().catch(() => null)
    answers.set(pathname + search, [...(answers.get(pathname + search) ?? []), answer])
  })
  return answers
}

/**
 * The values on the page that no answer has at the place that they name. A value of a row may name the address of that row;
 * `read` then reads it. Also how many values were compared.
 */
export async function comparedWithAnswers(
  page: Page,
  answers: Answers,
  read: (path: string) => Promise<unknown>,
): Promise<{ compared: number; untrue: string[] }> {
  const shown = await page.locator('data[data-at], time[data-at]').evaluateAll((elements) =>
    elements.map((element) => ({
      at: element.getAttribute('data-at') ?? '',
      value: element.getAttribute('value') ?? element.getAttribute('datetime') ?? '',
    })),
  )
  const untrue: string[] = []
  for (const { at, value } of shown) {
    const [path = '', place = ''] = at.split('#')
    if (!answers.has(path)) answers.set(path, [await read(path)])
    const told = (answers.get(path) ?? []).map((answer) => valueAt(answer, place))
    if (!told.some((one) => isSame(one, value)))
      untrue.push(`${at} shows ${value}, the API says ${told.join(' or ')}`)
  }
  return { compared: shown.length, untrue }
}

function valueAt(answer: unknown, place: string): unknown {
  return place
    .split('.')
    .reduce((value: unknown, member) => (Object(value) as Record<string, unknown>)[member], answer)
}

/** Moments are compared as moments, because a page drops their microseconds. */
function isSame(told: unknown, shown: string): boolean {
  if (String(told) === shown) return true
  return typeof told === 'string' && Date.parse(told) === Date.parse(shown)
}
