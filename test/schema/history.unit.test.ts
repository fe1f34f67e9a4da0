import { expect, it } from 'vitest'
import type { Migration } from '../../dev/migrations/files.ts'
import { pendingOf } from '../../dev/migrations/history.ts'

const migration = (version: number, checksum = `sum ${version}`): Migration => ({
  version,
  name: `step_${version}`,
  file: `000${version}_step_${version}.sql`,
  sql: '',
  checksum,
  transactional: true,
})
const applied = (version: number) => ({ version, name: `step_${version}`, checksum: `sum ${version}` })

it('what was not applied is to do, in order', () => {
  const files = [1, 2, 3, 4].map((version) => migration(version))
  expect(pendingOf(files, [applied(1), applied(2)]).map(({ version }) => version)).toEqual([3, 4])
})

it('a file edited after it was applied is refused by name', () => {
  expect(() => pendingOf([migration(1), migration(2, 'another')], [applied(1), applied(2)])).toThrow(
    '0002_step_2.sql: edited after it was applied',
  )
})

it('a file renamed after it was applied is refused by name', () => {
  expect(() => pendingOf([{ ...migration(1), name: 'first' }], [applied(1)])).toThrow(
    'was applied as "step_1"',
  )
})

it('a file that slipped in before an applied one is refused by name', () => {
  expect(() => pendingOf([migration(1), migration(2), migration(3)], [applied(1), applied(3)])).toThrow(
    '0002_step_2.sql: out of order',
  )
})

it('a database ahead of the files has nothing to do', () => {
  expect(pendingOf([migration(1)], [applied(1), applied(2)])).toEqual([])
})
