import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NewWebhook, WebhookChange } from '../../../functions/webhooks/subscriptions/contract.ts'

const stored = (url: string) => NewWebhook.safeParse({ url, events: ['*'] }).data?.url
/** The check of the table. */
const storable = (url: string) => /^https?:\/\//.test(url) && url.length <= 2000

describe('the URL of a webhook', () => {
  it.each([
    ['HTTPS://Example.com/In', 'https://example.com/In'],
    ['https:example.com', 'https://example.com/'],
    ['https:/example.com/a b', 'https://example.com/a%20b'],
    ['https://example.com:443', 'https://example.com/'],
    [' https://example.com/\tin ', 'https://example.com/in'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
  ])('is kept as it was parsed, not as it was typed: %j', (typed, parsed) => {
    expect(stored(typed)).toBe(parsed)
    expect(WebhookChange.parse({ url: typed }).url).toBe(parsed)
  })

  it('fits the table in every spelling that passes', () => {
    const spelling = fc
      .tuple(
        fc.mixedCase(fc.constantFrom('https', 'http')),
        fc.constantFrom('://', ':', ':/', ':\\', '://\t'),
        fc.webAuthority(),
        fc.string({ maxLength: 30, unit: 'grapheme' }),
      )
      .map((parts) => `${parts[0]}${parts[1]}${parts[2]}/${parts[3]}`)
    let passed = 0
    fc.assert(
      fc.property(spelling, (typed) => {
        const url = stored(typed)
        if (url === undefined) return
        passed += 1
        expect(storable(url)).toBe(true)
        expect(url).toBe(new URL(url).href)
      }),
    )
    expect(passed).toBeGreaterThan(20)
  })

  it('is refused when its parsed form is too long, although the typed one is not', () => {
    expect(stored(`https://example.com/${'é'.repeat(1900)}`)).toBeUndefined()
  })

  it('would not fit the table as typed', () => {
    expect(storable('HTTPS://example.com')).toBe(false)
    expect(storable('https:example.com')).toBe(false)
  })
})
