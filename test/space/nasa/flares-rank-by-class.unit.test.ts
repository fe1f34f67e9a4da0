import { describe, expect, it } from 'vitest'
import { flareRank } from '../../../functions/space/rules.ts'

describe('flareRank', () => {
  it('orders flares by letter, then by number, X without end', () => {
    const order = ['A1.0', 'B9.9', 'C1.0', 'C5.0', 'M1.0', 'M9.9', 'X1.0', 'X45.0'].map(flareRank)
    expect(order).toEqual([...order].sort((a, b) => (a ?? 0) - (b ?? 0)))
    expect(new Set(order).size).toBe(8)
  })

  it('reads a bare letter as the start of its class, and has no rank for anything else', () => {
    expect(flareRank('M')).toBe(flareRank('M0.0'))
    expect([flareRank(''), flareRank('null'), flareRank(null), flareRank('Z9')]).toEqual([
      null,
      null,
      null,
      null,
    ])
  })
})
