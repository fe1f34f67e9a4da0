import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { schemas } from '../../functions/registry/schemas.ts'

const folder = join(import.meta.dirname, '../../schema')

it('the registry names the Postgres schema of each row that has tables', () => {
  const withTables = readdirSync(folder).filter((row) => existsSync(join(folder, row, 'tables.ts')))
  expect(schemas.toSorted()).toEqual(withTables)
})
