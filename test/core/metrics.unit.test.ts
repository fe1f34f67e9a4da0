import { expect, it } from 'vitest'
import { makeMetrics } from '../../functions/core/metrics.ts'

it('adds up round trips and the time they took, for one request alone', () => {
  const [mine, yours] = [makeMetrics(), makeMetrics()]
  mine.trip(2.5, 'core.begin')
  mine.trip(1, 'rows.read')
  expect([mine.trips, mine.dbMs]).toEqual([2, 3.5])
  expect([yours.trips, yours.dbMs]).toEqual([0, 0])
})
