import { describe, expect, it } from 'vitest'
import type { ZodType } from 'zod'
import type { Endpoint } from '../../functions/http/endpoint.ts'
import { schemaOf } from '../../functions/http/json-schema.ts'
import { endpoints } from '../support/system.ts'
import { freshWorker } from '../support/worker.ts'
import { asking, fieldsOf, pathOf } from './asking.ts'
import { type Cases, casesFor } from './doors.ts'
import { secret } from './tokens.ts'

// An answer must not outgrow its request: a caller without a token would fill the Worker's memory and its network.
const app = await freshWorker({ bindings: { AUTH_SECRET: secret } })
const ask = asking(app)
// Those of the development sign-in are not found here.
const all = endpoints
  .filter(({ path }) => !path.startsWith('/v1/dev/'))
  .map((endpoint) => ({ ...endpoint, name: `${endpoint.method.toUpperCase()} ${endpoint.path}` }))
const most = 16 * 1024

type Answer = Awaited<ReturnType<typeof ask>>

/** Where an answer is larger than a refusal may be, or no refusal. */
function excess({ status, problem, bytes }: Answer): string[] {
  const errors = problem?.errors ?? []
  return [
    ...(status === 400 ? [] : [`status ${status}`]),
    ...(bytes < most ? [] : [`${bytes} bytes`]),
    ...(errors.length <= 50 ? [] : [`${errors.length} faults`]),
    ...errors.flatMap(({ path, message }) => (path.length <= 120 && message.length <= 200 ? [] : [path])),
  ]
}

/** As many of these parts as fit, joined. */
const filled = (bytes: number, part: (at: number) => string) => {
  const parts: string[] = []
  let size = 40
  for (let next = part(0); size + next.length < bytes; next = part(parts.length)) {
    parts.push(next)
    size += next.length + 1
  }
  return parts.join(',')
}

const queried = all.filter(({ openQuery }) => !openQuery)
const queriesFor = casesFor(queried)
const queries: Cases<[what: string, query: string]> = {
  kinds: [['unknown names', filled(most, (at) => `k${at}=1`).replaceAll(',', '&')]],
  rest: [
    ['one long name', `${'k'.repeat(most)}=1`],
    ['blank values', filled(most, (at) => `k${at}=`).replaceAll(',', '&')],
    ['one name many times', filled(most, () => 'k=1').replaceAll(',', '&')],
    ['control characters', `${'%01'.repeat(most / 3)}=1`],
    [
      'long names of control characters',
      filled(most, (at) => `${'%01'.repeat(90)}${at}=1`).replaceAll(',', '&'),
    ],
  ],
}

describe.each(queried)('$name with a query of 16 kB', (endpoint) => {
  it('answers with less than that', async () => {
    for (const [what, query] of queriesFor(endpoint, queries))
      expect([what, excess(await ask(endpoint, { path: `${pathOf(endpoint)}?${query}` }))]).toEqual([
        what,
        [],
      ])
  })
})

const writing = all.filter(({ method, openQuery }) => method !== 'get' && !openQuery)
const bodiesFor = casesFor(writing)
const listsFor = casesFor(writing.filter((endpoint) => arraysOf(endpoint).length > 0))

describe.each(writing)('$name with a body of its limit', (endpoint) => {
  const { bodyLimitBytes: limit } = endpoint
  const arrays = arraysOf(endpoint)
  const bodies: Cases<[what: string, text: string]> = {
    kinds: [['unknown names', `{${filled(limit, (at) => `"k${at}":1`)}}`]],
    rest: [
      ['one long name', `{"${'k'.repeat(limit - 20)}":1}`],
      ['control characters', `{"${'\\u0001'.repeat(limit / 6 - 20)}":1}`],
      ['long names of control characters', `{${filled(limit, (at) => `"${'\\u0001'.repeat(100)}${at}":1`)}}`],
      ['a list', `[${filled(limit, () => '{}')}]`],
      ['a long path', `{"${'k'.repeat(limit / 2)}":{"${'k'.repeat(limit / 2 - 40)}":"\\u0000"}}`],
    ],
  }
  const lists: Cases<[what: string, text: string]> = {
    kinds: arrays.map((field) => [
      `${field} of unknown things`,
      `{"${field}":[${filled(limit - 60, () => '{"a":1,"b":2}')}],"zzz":1}`,
    ]),
    rest: arrays.flatMap((field): [string, string][] => [
      [`${field} of numbers`, `{"${field}":[${filled(limit - 60, () => '1')}]}`],
      [
        `${field} of one unknown thing`,
        `{"${field}":[{${filled(limit - 60, (at) => `"k${at}":1`)}}],"zzz":1}`,
      ],
    ]),
  }
  it.each([...bodiesFor(endpoint, bodies), ...listsFor(endpoint, lists)])(
    'answers %s in 16 kB and without a pause for others',
    async (_what, text) => {
      // Reading JSON of this size is the yardstick, so that a busy machine moves both.
      const bound = 5_000 + 30 * timeToParse(text)
      let took = Number.POSITIVE_INFINITY
      // A pause of the Worker comes back with each request, one of the machine does not.
      for (let tries = 0; tries < 3 && took >= bound; tries += 1) {
        const started = performance.now()
        expect(excess(await ask(endpoint, { body: text }))).toEqual([])
        took = performance.now() - started
      }
      expect(took).toBeLessThan(bound)
    },
  )
})

function timeToParse(text: string): number {
  const started = performance.now()
  JSON.parse(text)
  return performance.now() - started
}

function arraysOf({ body }: Endpoint): string[] {
  return body === undefined ? [] : fieldsOf(body).filter((field) => isArray(body, field))
}

function isArray(body: ZodType, field: string): boolean {
  const text = JSON.stringify([schemaOf(body, 'input', new Map())])
  return new RegExp(`"${field}":\\{[^{}]*"type":"array"`).test(text)
}

it('a fault names its own key and no other', async () => {
  const [endpoint] = all.filter(({ path, method }) => path === '/v1/dispatch/stores' && method === 'post')
  if (endpoint === undefined) throw new Error('There is no such route')
  const { problem } = await ask(endpoint, { body: '{"one":1,"two":2}' })
  const faults = (problem?.errors ?? []).filter(({ path }) => path === 'one' || path === 'two')
  expect(faults).toHaveLength(2)
  for (const { message } of faults) expect(message).not.toMatch(/one|two/)
})

it('a batch answers each wrong item in about a kilobyte', async () => {
  const [endpoint] = all.filter(({ path }) => path === '/v1/dispatch/orders/bulk')
  if (endpoint === undefined) throw new Error('There is no such route')
  const item = `{${filled(1_900, (at) => `"k${at}":1`)}}`
  const body = `{"orders":[${Array.from({ length: 500 }, () => item).join(',')}]}`
  const { status, bytes } = await ask(endpoint, { body })
  expect(status).toBe(200)
  expect(bytes).toBeLessThan(body.length)
})
