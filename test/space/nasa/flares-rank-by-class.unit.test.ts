import { describe, expect, it } from 'vitest'
import { flareRank } from '../../../functions/space/rules.ts'

describe('flareRank', () => {
  it('orders flares by letter, then by number, without an upper end for X', () => {
    const order = ['A1.0', 'B9.9', 'C1.0', 'C5.0', 'M1.0', 'M9.9', 'X1.0', 'X45.0'].map(flareRank)
    expect(order).toEqual([...order].sort((a, b) => (a ?? 0) - (b ?? 0)))
    expect(new Set(order).size).toBe(8)
  })

  it('ranks a bare letter as the start of its class, and any other text as null', () => {
    expect(flareRank('M')).toBe(flareRank('M0.0'))
    expect([flareRank(''), flareRank('null'), flareRank(null), flareRank('Z9')]).toEqual([
      null,
      null,
      null,
      null,
    ])
  })
})
