import { expect, it } from 'vitest'
import { commandsAtOnce } from '../../../functions/fleet/rules.ts'

it.each([
  ['of a fast broker', 300, 0.01, 5],
  ['that are unmeasured', 300, 0, 5],
  ['that take all of the cycle', 300, 1, 20],
  ['of which one more does not fit', 301, 1, 21],
  ['of a broker that takes seconds', 500, 5, 50],
])('commands %s: %i of %d s each wait %i at once', (_what, commands, meanSeconds, atOnce) => {
  expect(commandsAtOnce({ commands, meanSeconds, cycleSeconds: 15 })).toBe(atOnce)
})
