import { describe, expect, it } from 'vitest'
import { rankOfClass } from '../../../functions/space/nasa/rank-of-class.ts'
import { flareRank } from '../../../functions/space/rules.ts'

describe('flareRank', () => {
  it('orders flares by letter, then by number, without an upper end for X', () => {
    const order = ['A1.0', 'B9.9', 'C1.0', 'C5.0', 'M1.0', 'M9.9', 'X1.0', 'X45.0'].map(flareRank)
    expect(order).toEqual([...order].sort((a, b) => (a ?? 0) - (b ?? 0)))
    expect(new Set(order).size).toBe(8)
  })

  it('invents no rank for a bare letter or any other text', () => {
    expect(['M', '', 'null', null, 'Z9', 'M1.', 'M-1'].map(flareRank)).toEqual(Array(7).fill(null))
  })
})

describe('rankOfClass', () => {
  it('takes a bare letter in a filter as the start of its class', () => {
    expect(rankOfClass('flr', 'M')).toBe(flareRank('M0.0'))
    expect(rankOfClass('flr', 'x')).toBe(flareRank('X0.0'))
  })
})
