import { describe, expect, it } from 'vitest'
import { reading } from '../../web/parts/reading.ts'

describe('the reads of a part of a page', () => {
  it('end when the next one begins, so that an older answer replaces no newer one', () => {
    const { begin } = reading()
    const [first, second] = [begin(), begin()]
    expect([first.aborted, second.aborted]).toEqual([true, false])
  })

  it('end with the part, and none begins after that', () => {
    const one = reading()
    const open = one.begin()
    one.end()
    expect([open.aborted, one.begin().aborted]).toEqual([true, true])
  })

  it('go on after a stop', () => {
    const one = reading()
    const stopped = one.begin()
    one.stop()
    expect([stopped.aborted, one.begin().aborted]).toEqual([true, false])
  })
})
