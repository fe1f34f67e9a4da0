import type { Page } from 'playwright-core'
import { extractText, getDocumentProxy } from 'unpdf'

/** The text of the page on paper, without blanks: lines break elsewhere than on the screen. */
export async function textOnPaper(page: Page): Promise<string> {
  const bytes = new Uint8Array(await page.pdf())
  const { text } = await extractText(await getDocumentProxy(bytes), { mergePages: true })
  return withoutBlanks(text)
}

export function withoutBlanks(text: string): string {
  return text.replaceAll(/\s/g, '')
}
