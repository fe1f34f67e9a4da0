import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { jobs } from '../../../cron/index.ts'
import { modules } from '../../../functions/modules.ts'
import { endpoints } from '../../support/system.ts'

const rules = modules.flatMap(({ name: row, watch }) =>
  (watch?.({ jobs }).rules ?? []).map(({ name, advice }) => ({ row, name, advice })),
)
const readmeOf = (row: string) =>
  readFileSync(join(import.meta.dirname, `../../../functions/${row}/README.md`), 'utf8')

/** The calls in a text, as in `GET /v1/ops/tables?order=dead`. */
const callsIn = (text: string) =>
  [...text.matchAll(/\b(GET|POST|PUT|PATCH|DELETE) (\/v1\/[\w/{}-]+)(?:\?([\w=&]+))?/g)].map(
    ([call, method = '', path = '', query = '']) => ({ call, method: method.toLowerCase(), path, query }),
  )

function isEndpoint({ method, path, query }: ReturnType<typeof callsIn>[number]): boolean {
  const endpoint = endpoints.find((one) => one.method === method && one.path === path)
  const given = Object.fromEntries([...new URLSearchParams(query)].filter(([, value]) => value !== ''))
  return endpoint !== undefined && (query === '' || endpoint.query?.safeParse(given).success === true)
}

it('there are rules in most rows, and no two have one name', () => {
  expect(new Set(rules.map(({ row }) => row)).size).toBeGreaterThan(4)
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length)
})

it.each(rules)('the README of $row says when $name fires and what to do', ({ row, name }) => {
  const [, explained = ''] = readmeOf(row).split('\n| rule | fires | do |\n')
  const line = explained
    .split('\n\n', 1)[0]
    ?.split('\n')
    .find((one) => one.includes(`\`${name}\``))
  expect(line?.split(' | ').length).toBe(3)
})

it('each call that an advice or a README tells the operator is an endpoint, and takes those parameters', () => {
  const texts = [...rules.map(({ advice }) => advice), ...modules.map(({ name }) => readmeOf(name))]
  const calls = texts.flatMap(callsIn)
  expect(calls.length).toBeGreaterThan(50)
  expect(calls.filter((one) => !isEndpoint(one)).map(({ call }) => call)).toEqual([])
})

it.each(['GET /v1/ops/nothing', 'POST /v1/ops/tables', 'GET /v1/ops/tables?order=colour'])(
  '%s would be found',
  (text) => expect(callsIn(text).map(isEndpoint)).toEqual([false]),
)
