import { describe, expect, it } from 'vitest'
import { hasDots, nextPoint, sentenceOf, stretchOf, trendOf, withGaps } from '../../web/parts/series.ts'

const minute = 60_000
const times = (...minutes: number[]) => minutes.map((at) => at * minute)

describe('a chart', () => {
  it('says last, lowest, highest and trend, with the extremes of the band around the line', () => {
    const series = {
      name: 'pH',
      unit: 'pH',
      values: [6, null, 6.2, 6.4, 6.6],
      low: [5.9, null, 6.1, 6.3, 6.5],
    }
    expect(sentenceOf(series)).toBe('pH: last 6.6 pH, lowest 5.9 pH, highest 6.6 pH, rising.')
    expect(sentenceOf({ name: 'pH', values: [null, null] })).toBe('pH: no value in this time.')
  })

  it('takes a swing back to its beginning for steady, and too few values for no trend', () => {
    expect(trendOf([1, 5, 9, 5, 1])).toBe('steady')
    expect(trendOf([9, 7, 4, 1])).toBe('falling')
    expect(trendOf([3, 3, 3, 3])).toBe('steady')
    expect(trendOf([1, 2])).toBe(null)
  })

  it('has a gap where points are missing, and none where they come as usual', () => {
    const xs = times(0, 1, 2, 3, 10, 11)
    const gapped = withGaps({ xs, series: [{ name: 'a', values: [1, 2, 3, 4, 5, 6] }] })
    expect(gapped.xs).toEqual(times(0, 1, 2, 3, 4, 10, 11))
    expect(gapped.series[0]?.values).toEqual([1, 2, 3, 4, null, 5, 6])
    const usual = { xs: times(0, 2, 4, 6), series: [{ name: 'a', values: [1, 2, 3, 4] }] }
    expect(withGaps(usual)).toEqual(usual)
  })

  it('has no gap in a value that holds until the next one', () => {
    const balance = { xs: times(0, 1, 2, 500), series: [{ name: 'a', values: [1, 2, 3, 4], stepped: true }] }
    expect(withGaps(balance)).toEqual(balance)
  })

  it('shows points that all lie within one second, which have no line', () => {
    const at = 1_795_000_000_000
    const xs = Array.from({ length: 60 }, (_, index) => at + index * 5)
    const balance = { name: 'Balance', values: xs.map((_, index) => index), stepped: true }
    expect(hasDots(xs, balance)).toBe(true)
    expect(hasDots([at, at], { ...balance, values: [1, 2] })).toBe(true)
    expect(stretchOf([at, at])).toEqual({ from: at - 500, to: at + 500 })
    expect(hasDots(times(...xs.keys()), balance)).toBe(false)
    expect(stretchOf(times(0, 1))).toEqual({ from: 0, to: minute })
    expect(stretchOf([])).toBeNull()
  })

  it('moves its cursor over gaps, and stays at the ends', () => {
    const points = { xs: times(0, 1, 2), series: [{ name: 'a', values: [1, null, 3] }] }
    expect(nextPoint(points, 0, 1)).toBe(2)
    expect(nextPoint(points, 2, 1)).toBe(2)
    expect(nextPoint(points, 2, -1)).toBe(0)
    expect(nextPoint(points, 3, -1)).toBe(2)
  })
})
