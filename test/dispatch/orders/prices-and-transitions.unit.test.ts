import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heldStatuses, priceMinorFor, transitions } from '../../../functions/dispatch/rules.ts'
import { type OrderStatus, orderStatuses } from '../../../schema/dispatch/states.ts'

const steps: { from: readonly OrderStatus[]; to: OrderStatus }[] = Object.values(transitions)
const nextOf = (status: OrderStatus) => steps.filter(({ from }) => from.includes(status)).map(({ to }) => to)

describe('the price of an order', () => {
  it.each([
    [1, 3500],
    [8, 3500],
    [9, 7000],
    [16, 7000],
    [17, 10_500],
    [200, 10_500],
  ])('of %i boxes is %i minor units', (boxes, price) => {
    expect(priceMinorFor(boxes)).toBe(price)
  })

  it('never falls as boxes are added, and is a whole number of minor units', () => {
    const boxes = fc.integer({ min: 1, max: 200 })
    fc.assert(
      fc.property(boxes, boxes, (one, other) => {
        const [few, many] = [priceMinorFor(Math.min(one, other)), priceMinorFor(Math.max(one, other))]
        expect(few).toBeLessThanOrEqual(many)
        expect(Number.isSafeInteger(many)).toBe(true)
      }),
    )
  })
})

describe('the life of an order', () => {
  it('reaches every status from new', () => {
    const reached = new Set<OrderStatus>(['new'])
    for (const status of reached) for (const next of nextOf(status)) reached.add(next)
    expect([...reached].toSorted()).toEqual([...orderStatuses].toSorted())
  })

  it('ends at canceled, at returned, and at delivered unless it is undone', () => {
    expect(orderStatuses.filter((status) => nextOf(status).length === 0)).toEqual(['canceled', 'returned'])
    expect(nextOf('delivered')).toEqual(['picked_up'])
  })

  it('gives boxes to a courier only by an assignment or an undo', () => {
    const taking = Object.entries(transitions).filter(
      ([, { from, to }]) =>
        heldStatuses.includes(to) && from.some((status) => !heldStatuses.includes(status)),
    )
    expect(taking.map(([name]) => name)).toEqual(['claim', 'take', 'assign', 'undo'])
  })
})
