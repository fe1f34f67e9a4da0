import { describe, expect, it } from 'vitest'
import { makeSearchStart } from '../../../functions/dispatch/assignments/search-start.ts'

describe('the start of the search for the oldest order', () => {
  it('is where the last search ended', () => {
    const start = makeSearchStart()
    expect(start.at(5_000)).toBe(0)
    start.passed(7)
    start.passed(6)
    expect(start.at(5_999)).toBe(7)
  })

  it('returns to 0 after a second', () => {
    const start = makeSearchStart()
    start.at(5_000)
    start.passed(7)
    expect(start.at(6_000)).toBe(0)
  })

  it('returns to 0 after five hundred searches', () => {
    const start = makeSearchStart()
    start.at(5_000)
    start.passed(7)
    const starts = Array.from({ length: 500 }, () => start.at(5_001))
    expect(starts.findIndex((at) => at === 0)).toBe(499)
  })

  it('is shared by no two instances', () => {
    const [one, other] = [makeSearchStart(), makeSearchStart()]
    one.at(5_000)
    one.passed(7)
    expect(other.at(5_000)).toBe(0)
  })
})
