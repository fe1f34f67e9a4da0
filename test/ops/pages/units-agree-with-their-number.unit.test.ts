import { describe, expect, it } from 'vitest'
import { unitBeside } from '../../../web/ops/units.ts'

describe('the unit of a rule', () => {
  it.each([
    ['open alerts', 'open alert'],
    ['seconds', 'second'],
    ['runs in a row', 'run in a row'],
    ['periods of its refresh', 'period of its refresh'],
    ['ms, of the round trips of 5 minutes', 'ms, of the round trips of 5 minutes'],
    ['% of the rows of large tables', '% of the rows of large tables'],
    ['out', 'out'],
  ])('%s is %s beside 1', (unit, one) => {
    expect([unitBeside(1, unit), unitBeside(2, unit), unitBeside(null, unit)]).toEqual([one, unit, unit])
  })
})
