import { expect, it } from 'vitest'
import { makeCounts } from '../../functions/core/counts.ts'

const labels = { queue: 'news', fate: 'done' }

/** The open requests of a report, at a time of the test's choosing. */
function openAt() {
  const clock = { ms: 0 }
  const counts = makeCounts(() => clock.ms)
  return {
    counts,
    at(ms: number) {
      clock.ms = ms
      counts.add('queue_messages_total', labels)
      return counts.report()?.report.open
    },
  }
}

it('a request is open until it ends, and its end counts once', () => {
  const { counts, at } = openAt()
  const ends = [counts.open(), counts.open()]
  expect(at(1)).toBe(2)
  ends[0]?.()
  ends[0]?.()
  expect(at(2)).toBe(1)
  ends[1]?.()
  expect(at(3)).toBe(0)
})

it('a request that never ends counts as open for five minutes and no longer', () => {
  const { counts, at } = openAt()
  counts.open()
  expect(at(5 * 60_000)).toBe(1)
  counts.open()
  expect(at(5 * 60_000 + 1)).toBe(1)
})
