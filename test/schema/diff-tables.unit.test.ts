import { expect, it } from 'vitest'
import { snapshotOf } from '../../dev/migrations/diff-tables.ts'

it('hides the methods that drizzle-kit adds to all arrays and texts from loops over names', () => {
  expect(snapshotOf({}).tables).toEqual({})
  expect([], 'drizzle-kit is loaded').toHaveProperty('random')
  expect(Object('')).toHaveProperty('snake_case')
  expect(namesIn([])).toEqual([])
  expect(namesIn(Object(''))).toEqual([])
})

function namesIn(value: object): string[] {
  const names: string[] = []
  for (const name in value) names.push(name)
  return names
}
