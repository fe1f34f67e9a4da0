import { describe, expect, it } from 'vitest'
import { currencies } from '../../functions/core/currencies.ts'
import { decimalsOf } from '../../web/parts/currencies.ts'
import { money } from '../../web/parts/numbers.ts'

describe('money on a page', () => {
  it('has as many decimals as the API counts for each of its currencies', () => {
    expect(currencies.filter(({ code, exponent }) => decimalsOf(code) !== exponent)).toEqual([])
    expect(new Set(currencies.map(({ code }) => decimalsOf(code)))).toEqual(new Set([0, 2, 3, 4]))
  })

  it('shows the minor units of currencies whose cash has none', () => {
    expect(money(105, 'RSD')).toBe('1.05 RSD')
    expect(money(-1_050, 'IQD')).toBe('−1.050 IQD')
    expect(money(1_050, 'JPY')).toBe('1\u202f050 JPY')
  })
})
