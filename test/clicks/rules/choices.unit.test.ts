import { describe, expect, it } from 'vitest'
import type { Config, Part, Targets } from '../../../functions/clicks/contract.ts'
import { type Asking, choose, closedFor, fits } from '../../../functions/clicks/rules.ts'

const offer = (id: number, weight: number, targets: Targets = {}): Part => ({
  id,
  name: String(id),
  url: 'https://shop.example/',
  weight,
  targets,
})

const asking: Asking = {
  country: 'DE',
  device: 'mobile',
  os: 'iOS',
  languages: ['de', 'en'],
  query: { p: '1' },
  local: { day: '2026-03-29', hour: 9 },
}

const keys = Array.from({ length: 12_000 }, (_, at) => `visitor-${at}`)
const chosenBy = (offers: Part[]) =>
  keys.map((key) => choose({ landingPages: [], offers }, asking, key).offer?.id ?? null)

/** Pearson's statistic of the counts against the shares. */
function chiSquare(chosen: readonly (number | null)[], offers: readonly Part[]): number {
  const all = offers.reduce((sum, { weight }) => sum + weight, 0)
  return offers.reduce((sum, { id, weight }) => {
    const expected = (chosen.length * weight) / all
    return sum + (chosen.filter((one) => one === id).length - expected) ** 2 / expected
  }, 0)
}

describe('the choice of an offer', () => {
  // The quantile of 0.999 for two degrees of freedom.
  const limit = 13.82

  it('gives each offer the share of its weight', () => {
    const offers = [offer(1, 3), offer(2, 1), offer(3, 2)]
    expect(chiSquare(chosenBy(offers), offers)).toBeLessThan(limit)
  })

  it('is checked by a statistic that notices equal shares', () => {
    const equal = chosenBy([offer(1, 1), offer(2, 1), offer(3, 1)])
    expect(chiSquare(equal, [offer(1, 3), offer(2, 1), offer(3, 2)])).toBeGreaterThan(limit)
  })

  it('stays the same for a visitor, whatever the order of the offers', () => {
    const offers = [offer(1, 3), offer(2, 1), offer(3, 2)]
    expect(chosenBy(offers.toReversed())).toEqual(chosenBy(offers))
  })

  it('moves only visitors of the offer whose weight falls', () => {
    const before = chosenBy([offer(1, 3), offer(2, 1), offer(3, 2)])
    const after = chosenBy([offer(1, 2), offer(2, 1), offer(3, 2)])
    const moved = before.filter((one, at) => one !== after[at])
    expect(new Set(moved)).toEqual(new Set([1]))
    // From 3 of 6 to 2 of 5.
    expect(moved.length / keys.length).toBeCloseTo(0.1, 1)
  })

  it('never takes an offer of weight 0, nor one that is for others', () => {
    const offers = [offer(1, 0), offer(2, 5, { countries: ['FR'] }), offer(3, 1)]
    expect(new Set(chosenBy(offers))).toEqual(new Set([3]))
    expect(new Set(chosenBy([offer(1, 0)]))).toEqual(new Set([null]))
  })

  it('chooses landing page and offer independently', () => {
    const parts = [offer(1, 1), offer(2, 1)]
    const pairs = keys.map((key) => choose({ landingPages: parts, offers: parts }, asking, key))
    const same = pairs.filter(({ landingPage, offer: chosen }) => landingPage?.id === chosen?.id)
    expect(same.length / keys.length).toBeCloseTo(0.5, 1)
  })
})

describe('a target', () => {
  it.each<[Targets, boolean]>([
    [{}, true],
    [{ countries: ['AT', 'DE'] }, true],
    [{ countries: ['FR'] }, false],
    [{ devices: ['mobile'], os: ['iOS'], languages: ['en'] }, true],
    [{ devices: ['desktop'] }, false],
    [{ os: ['Android'] }, false],
    [{ languages: ['fr'] }, false],
    [{ query: { p: ['1', '2'] } }, true],
    [{ query: { p: ['2'] } }, false],
    [{ query: { q: ['1'] } }, false],
    [{ hours: [8, 9] }, true],
    [{ hours: [10] }, false],
    [{ countries: ['DE'], hours: [10] }, false],
  ])('%j fits the visitor: %s', (targets, expected) => {
    expect(fits(targets, asking)).toBe(expected)
  })

  it('by country does not fit a visitor from nowhere', () => {
    expect(fits({ countries: ['DE'] }, { ...asking, country: null })).toBe(false)
  })
})

describe('a campaign', () => {
  const config = {
    status: 'active',
    startsAt: '2026-03-01T00:00:00.000000Z',
    endsAt: '2026-04-01T00:00:00.000000Z',
    capDay: 10,
    capTotal: 100,
  } as Config
  const at = { now: '2026-03-29T07:00:00.000Z', day: '2026-03-29' }

  it.each<[string, Partial<Config>, { total: number; day: string; today: number } | null, string | null]>([
    ['is open', {}, null, null],
    ['is paused', { status: 'paused' }, null, 'paused'],
    ['has not begun', { startsAt: '2026-03-29T07:00:00.001000Z' }, null, 'not_begun'],
    ['begins at its first moment', { startsAt: '2026-03-29T07:00:00.000000Z' }, null, null],
    ['has ended at its last moment', { endsAt: '2026-03-29T07:00:00.000000Z' }, null, 'ended'],
    ['is below its caps', {}, { total: 99, day: '2026-03-29', today: 9 }, null],
    ['has reached the cap of the day', {}, { total: 50, day: '2026-03-29', today: 10 }, 'capped'],
    ['begins the next day anew', {}, { total: 50, day: '2026-03-28', today: 10 }, null],
    ['has reached the cap in all', {}, { total: 100, day: '2026-03-28', today: 1 }, 'capped'],
  ])('%s', (_, changed, counts, expected) => {
    expect(closedFor({ ...config, ...changed }, counts, at)).toBe(expected)
  })
})
