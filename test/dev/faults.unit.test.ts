import { expect, it } from 'vitest'
import { createFaults } from '../../dev/neon-proxy/faults.ts'

function strikes(seed: number): boolean[] {
  const faults = createFaults()
  faults.seed(seed)
  faults.set({ reset: 0.3 })
  return Array.from({ length: 1_000 }, () => faults.strikes('reset'))
}

it('never strikes unless told to', () => {
  const faults = createFaults()
  expect(Array.from({ length: 100 }, () => faults.strikes('reset'))).not.toContain(true)
})

it('strikes as often as it should, and the same way for the same seed', () => {
  const struck = strikes(1).filter(Boolean).length
  expect(struck).toBeGreaterThan(250)
  expect(struck).toBeLessThan(350)
  expect(strikes(1)).toEqual(strikes(1))
  expect(strikes(1)).not.toEqual(strikes(2))
})

it('counts from zero again after it was cleared', () => {
  const faults = createFaults()
  faults.set({ refuse: 1, times: 1 })
  expect([faults.strikes('refuse'), faults.strikes('refuse'), faults.counts.refuse]).toEqual([true, false, 1])
  faults.clear()
  expect([faults.strikes('refuse'), faults.counts.refuse]).toEqual([false, 0])
})

it('tells who waits for one fault of that one only', async () => {
  const faults = createFaults()
  faults.set({ refuse: 1, reset: 1 })
  const order: string[] = []
  const fired = faults.fired('reset').finally(() => order.push('told'))
  faults.strikes('refuse')
  await Promise.resolve()
  order.push('struck')
  faults.strikes('reset')
  await fired
  expect(order).toEqual(['struck', 'told'])
})
