import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { jobs } from '../../../cron/index.ts'
import { modules } from '../../../functions/modules.ts'

const rules = modules.flatMap(({ name: row, watch }) =>
  (watch?.({ jobs }).rules ?? []).map(({ name }) => ({ row, name })),
)

it('there are rules in most rows, and no two have one name', () => {
  expect(new Set(rules.map(({ row }) => row)).size).toBeGreaterThan(4)
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length)
})

it.each(rules)('the README of $row says when $name fires and what to do', ({ row, name }) => {
  const readme = readFileSync(join(import.meta.dirname, `../../../functions/${row}/README.md`), 'utf8')
  const [, explained = ''] = readme.split('\n| rule | fires | do |\n')
  const line = explained
    .split('\n\n', 1)[0]
    ?.split('\n')
    .find((one) => one.includes(`\`${name}\``))
  expect(line?.split(' | ').length).toBe(3)
})
