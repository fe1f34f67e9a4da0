import { v7 } from 'uuid'
import type { ClickItem } from '../../../functions/clicks/clicks/item.ts'

/** A click as the redirect would put it into a message. `at` is its moment, so also the beginning of its id. */
export function clickAt(at: Date, campaign: number, more: Partial<ClickItem> = {}): ClickItem {
  return {
    kind: 'click',
    id: v7({ msecs: at.getTime() }),
    campaign,
    version: 2,
    page: null,
    offer: null,
    source: null,
    key: null,
    prefix: '203.0.113.0/24',
    agent: 'Mozilla/5.0',
    bot: null,
    referrer: null,
    country: 'DE',
    asn: 3320,
    device: 'desktop',
    os: 'Windows',
    browser: 'Chrome',
    asked: null,
    currency: 'USD',
    costMilli: 0,
    ...more,
  }
}

export type TestMessage = {
  v: 1
  source: string
  n: number
  at: string
  answered: number
  items: unknown[]
}

/** The numbered messages of one isolate. */
export function messagesOf(items: readonly unknown[], { size = 20, at = new Date() } = {}): TestMessage[] {
  const source = crypto.randomUUID()
  const messages: TestMessage[] = []
  for (let from = 0; from < items.length; from += size) {
    const some = items.slice(from, from + size)
    const n = messages.length + 1
    messages.push({ v: 1, source, n, at: at.toISOString(), answered: from + some.length, items: some })
  }
  return messages
}
