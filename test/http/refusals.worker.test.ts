import { describe, expect, it } from 'vitest'
import type { ZodType } from 'zod'
import { schemaOf } from '../../functions/http/json-schema.ts'
import { roles } from '../../functions/registry/roles.ts'
import { isLostConnection } from '../support/caller.ts'
import { endpoints } from '../support/system.ts'
import { freshWorker } from '../support/worker.ts'
import { type Asked, asking, fieldsOf, type Problem, pathOf } from './asking.ts'
import { contents } from './contents.ts'
import { type Cases, casesFor } from './doors.ts'
import { bearer, secret, worthless } from './tokens.ts'

// These tests cover every endpoint, new ones included. A refusal is a problem with a documented code (`app.fetch` checks it
// against the document), is never a 5xx, and leaves no trace in any table.
const app = await freshWorker({ bindings: { AUTH_SECRET: secret } })

for (const [path, body] of [
  ['/v1/dispatch/stores', { name: 'S', pickupAddress: 'A' }],
  ['/v1/dispatch/couriers', { name: 'C', available: true }],
] as const) {
  const headers = { authorization: await bearer('admin'), 'content-type': 'application/json' }
  const { status } = await app.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (status !== 201) throw new Error(`There is nothing to be refused: ${path} answered ${status}`)
}
const before = await contents(app.database.admin)

const all = endpoints
  // Routes of the development sign-in do not exist on this Worker: session.worker.test.ts has their conditions.
  .filter(({ path }) => !path.startsWith('/v1/dev/'))
  .map((endpoint) => ({ ...endpoint, name: `${endpoint.method.toUpperCase()} ${endpoint.path}` }))
const guarded = all.filter((endpoint) => endpoint.roles !== 'public')
const named = all.filter(({ params }) => params !== undefined)
const paged = all.filter(({ query }) => query !== undefined && 'cursor' in query.shape)
const writing = all.filter(({ method }) => method !== 'get')
/** A postback of an ad network may have any fields. */
const closed = writing.filter(({ openQuery }) => !openQuery)
const keyed = all.filter(({ idempotent }) => idempotent)
const versioned = all.filter(({ ifMatch }) => ifMatch)

const ask = asking(app)
const json = (text: string): Asked => ({ body: text })

/**
 * A server that does not want the rest of a body answers and closes (RFC 9110 §15.5.14). A client that still sends may then see
 * the closed connection before the answer, and asks again.
 */
async function answered(send: () => ReturnType<typeof ask>, triesLeft = 5): ReturnType<typeof ask> {
  try {
    return await send()
  } catch (error) {
    if (triesLeft === 0 || !isLostConnection(error)) throw error
    return answered(send, triesLeft - 1)
  }
}

/** Sends all of them, and returns those that were answered otherwise than expected. */
async function otherwise(
  expected: (answer: Awaited<ReturnType<typeof ask>>) => boolean,
  asked: [string, Promise<Awaited<ReturnType<typeof ask>>>][],
) {
  const answers = await Promise.all(asked.map(async ([what, answer]) => ({ what, ...(await answer) })))
  return answers.filter((answer) => !expected(answer))
}

const is =
  (status: number, ...codes: string[]) =>
  (answer: { status: number; problem: Problem | null }) =>
    answer.status === status && (codes.length === 0 || codes.includes(answer.problem?.code ?? ''))

const kindsOfTokens = ['no token', 'another secret', 'an end in the past']
const tokens = await worthless()
const isKind = ([what]: (typeof tokens)[number]) => kindsOfTokens.includes(what)
const worthlessTokens = { kinds: tokens.filter(isKind), rest: tokens.filter((token) => !isKind(token)) }
const tokensFor = casesFor(guarded)

describe.each(guarded)('$name without a right to it', (endpoint) => {
  it('refuses every invalid token', async () => {
    const asked = tokensFor(endpoint, worthlessTokens).map(
      ([what, authorization]): [string, ReturnType<typeof ask>] => [
        what,
        ask(endpoint, { headers: { authorization: authorization ?? '' } }),
      ],
    )
    expect(await otherwise(is(401, 'unauthenticated'), asked)).toEqual([])
  })

  it('refuses every other role', async () => {
    const others = roles.filter((role) => !endpoint.roles.includes(role))
    const asked = others.map((role): [string, ReturnType<typeof ask>] => [
      role,
      bearer(role).then((authorization) => ask(endpoint, { headers: { authorization } })),
    ])
    expect(await otherwise(is(403, 'forbidden'), asked)).toEqual([])
  })
})

const unreadableIds: Cases<string> = { kinds: ['%00'], rest: ['%ED%A0%80', '%ff', '%', '%E0%A4'] }
const noIds: Cases<string> = {
  kinds: ['0'],
  rest: ['1.5', 'abc', '9007199254740993', '1e3', '-1', '9'.repeat(40), '0x1', '%201', '+1'],
}
const isNumeric = ({ params }: (typeof all)[number]) => {
  const [parameter, ...more] = Object.values(params?.shape ?? {}) as ZodType[]
  return (
    parameter !== undefined &&
    more.length === 0 &&
    schemaOf(parameter, 'output', new Map())['type'] === 'integer'
  )
}
const idsFor = casesFor(named)
const numbersFor = casesFor(named.filter(isNumeric))

describe.each(named)('$name for what cannot be a row', (endpoint) => {
  it('refuses it by its name', async () => {
    const numbers = isNumeric(endpoint) ? numbersFor(endpoint, noIds) : []
    const ids = [...idsFor(endpoint, unreadableIds), ...numbers]
    const asked = ids.map((id): [string, ReturnType<typeof ask>] => [
      id,
      ask(endpoint, { path: pathOf(endpoint, id) }),
    ])
    expect(await otherwise(is(400, 'validation_failed'), asked)).toEqual([])
  })
})

it.each(named.filter(isNumeric))('the path of $name takes numbers of rows only', ({ params }) => {
  const [name = ''] = Object.keys(params?.shape ?? {})
  const takes = (id: string) => params?.safeParse({ [name]: decodeURIComponent(id) }).success
  expect([...noIds.kinds, ...noIds.rest].filter(takes)).toEqual([])
  expect(takes('1')).toBe(true)
})

const strangeQueries: Cases<string> = {
  kinds: ['zzz=1'],
  rest: ['zzz=1&zzz=2', 'zzz=%ED%A0%80', '__proto__=1', 'zzz=', 'zzz=%20', 'zzz=%00'],
}
const queried = all.filter(({ openQuery }) => !openQuery)
const queriesFor = casesFor(queried)

describe.each(queried)('$name with a query nobody knows', (endpoint) => {
  it('refuses unknown, repeated and unreadable parameters', async () => {
    const asked = queriesFor(endpoint, strangeQueries).map((query): [string, ReturnType<typeof ask>] => [
      query,
      ask(endpoint, { path: `${pathOf(endpoint)}?${query}` }),
    ])
    expect(await otherwise(is(400, 'validation_failed'), asked)).toEqual([])
  })
})

const encoded = (value: unknown) => btoa(JSON.stringify(value))
const cursors: Cases<string> = {
  kinds: [encoded([-1])],
  rest: [
    'x',
    '',
    '%00',
    '!!!',
    btoa('no json'),
    'A'.repeat(600),
    ...[{}, [], null, ['a'], [1.5], ['a', 'b', 'c', 'd'], [9e99]].map((value) => encoded(value)),
  ],
}
const limits: Cases<string> = {
  kinds: ['0', '201'],
  rest: ['abc', '1e1', '-1', '1.5', '', '0x10', '%201', '9'.repeat(30)],
}
const pagesFor = casesFor(paged)

describe.each(paged)('$name', (endpoint) => {
  it('refuses a page of an invalid size, and a cursor that it did not issue', async () => {
    const queries = [
      ...pagesFor(endpoint, cursors).map((cursor) => `cursor=${encodeURIComponent(cursor)}`),
      'limit=1&limit=2',
      'cursor=a&cursor=b',
      ...pagesFor(endpoint, limits).map((limit) => `limit=${limit}`),
    ]
    const asked = queries.map((query): [string, ReturnType<typeof ask>] => [
      query,
      ask(endpoint, { path: `${pathOf(endpoint)}?${query}` }),
    ])
    expect(await otherwise(is(400, 'validation_failed', 'invalid_cursor'), asked)).toEqual([])
  })
})

const noJson: Cases<string | Buffer<ArrayBuffer>> = {
  kinds: ['{'],
  rest: [
    '['.repeat(5_000),
    '{"a":}',
    "{'a':1}",
    'undefined',
    '{"a":1}{',
    '\u0000',
    '{"a":"\u0001"}',
    Buffer.from('{"a":"\xff"}', 'latin1'),
  ],
}
const otherTypes: Cases<string> = {
  kinds: ['text/plain'],
  rest: ['', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonp'],
}
const bodiesFor = casesFor(writing)

describe.each(writing)('$name with a body that will not do', (endpoint) => {
  const { bodyLimitBytes } = endpoint
  const large = `{"zzz":"${'x'.repeat(bodyLimitBytes)}"}`
  const tooLarge: Cases<[what: string, body: () => BodyInit]> = {
    kinds: [['with its length', () => large]],
    rest: [['without', () => new Blob([large]).stream()]],
  }

  it('refuses a body that is not JSON, or not sent as JSON', async () => {
    const texts = bodiesFor(endpoint, noJson).map((body): [string, ReturnType<typeof ask>] => [
      typeof body === 'string' ? body.slice(0, 10) : 'not UTF-8',
      ask(endpoint, { body }),
    ])
    expect(await otherwise(is(400, 'malformed_json'), texts)).toEqual([])

    const typed = bodiesFor(endpoint, otherTypes).map((type): [string, ReturnType<typeof ask>] => [
      type,
      ask(endpoint, { body: '{"a":1}', headers: { 'content-type': type } }),
    ])
    const packed: [string, ReturnType<typeof ask>] = [
      'gzip',
      ask(endpoint, { body: '{}', headers: { 'content-encoding': 'gzip' } }),
    ]
    expect(await otherwise(is(415, 'unsupported_media_type'), typed)).toEqual([])
    const notGzip = endpoint.packed ? is(400, 'body_incomplete') : is(415, 'unsupported_media_type')
    expect(await otherwise(notGzip, [packed])).toEqual([])
  })

  it('refuses a body that is too large, with and without Content-Length', async () => {
    const asked = bodiesFor(endpoint, tooLarge).map(([what, body]): [string, ReturnType<typeof ask>] => [
      what,
      answered(() => ask(endpoint, { body: body() })),
    ])
    expect(await otherwise(is(413, 'body_too_large'), asked)).toEqual([])
  })
})

const otherShapes: Cases<string> = {
  kinds: ['[]', '{"zzz":1}', '{"a":"\\u0000"}'],
  rest: [
    'null',
    `{"a":${'['.repeat(40)}${']'.repeat(40)}}`,
    '"x"',
    '1',
    'true',
    '{"__proto__":{"zzz":1}}',
    '{"constructor":1}',
    '{"zzz":{"zzz":[]}}',
    '{"\\u0000":1}',
    '{"a":"\\ud800"}',
    '{"\\udfff":1}',
    '{"a":["x",{"b":"\\u0000"}]}',
  ],
}
const shapesFor = casesFor(closed)

describe.each(closed)('$name with a body of another shape', (endpoint) => {
  it('refuses unknown fields, wrong types, deep nesting, NUL and half characters, and names the field', async () => {
    const asked = shapesFor(endpoint, otherShapes).map((text): [string, ReturnType<typeof ask>] => [
      text.slice(0, 20),
      ask(endpoint, json(text)),
    ])
    const refused = (answer: Awaited<ReturnType<typeof ask>>) =>
      is(400, 'validation_failed')(answer) && (answer.problem?.errors?.length ?? 0) > 0
    expect(await otherwise(refused, asked)).toEqual([])
  })
})

/** Fields whose members the caller chooses. */
const anyObject = ['settings', 'data']

const bodied = closed.filter(({ body }) => body !== undefined)
const fieldsFor = casesFor(bodied)

describe.each(bodied)('$name', (endpoint) => {
  const fields = endpoint.body === undefined ? [] : fieldsOf(endpoint.body)
  const [first = '', ...others] = fields

  it('has no field that takes a wrong type', () => {
    const takes = (field: string) => {
      const issues = endpoint.body?.safeParse({ [field]: { wrong: true } }).error?.issues ?? []
      return !issues.some(({ path }) => path[0] === field)
    }
    expect(fields.filter((field) => !anyObject.includes(field) && takes(field))).toEqual([])
    expect(fields.length).toBeGreaterThan(0)
  })

  it('refuses a wrong type and NUL in a field, and names the field', async () => {
    const wrong = [{ wrong: true }, '\u0000']
    const tried = fieldsFor(endpoint, { kinds: [first], rest: others })
    const asked = tried.flatMap((field) =>
      wrong
        .slice(anyObject.includes(field) ? 1 : 0)
        .map((value): [string, ReturnType<typeof ask>] => [
          `${field}: ${JSON.stringify(value)}`,
          ask(endpoint, { body: JSON.stringify({ [field]: value }) }),
        ]),
    )
    const refused = (answer: Awaited<ReturnType<typeof ask>> & { what?: string }) =>
      is(400, 'validation_failed')(answer) &&
      (answer.problem?.errors ?? []).some(({ path }) => answer.what?.startsWith(path.split('.')[0] ?? ''))
    expect(await otherwise(refused, asked)).toEqual([])
  })
})

const noKeys: Cases<string> = { kinds: ['a b'], rest: ['', 'x'.repeat(256), 'caf\u00e9', 'tab\tbed'] }
const keysFor = casesFor(keyed)

describe.each(keyed)('$name', (endpoint) => {
  it('refuses an invalid Idempotency-Key', async () => {
    const asked = keysFor(endpoint, noKeys).map((key): [string, ReturnType<typeof ask>] => [
      key,
      ask(endpoint, { headers: { 'idempotency-key': key } }),
    ])
    expect(await otherwise(is(400, 'invalid_idempotency_key'), asked)).toEqual([])
  })
})

const noVersions: Cases<string> = {
  kinds: ['3'],
  rest: ['*', '"x"', '""', '"1", "2"', '"-1"', '"1.5"', `"${'9'.repeat(30)}"`],
}
const versionsFor = casesFor(versioned)

describe.each(versioned)('$name', (endpoint) => {
  it('needs a version in the form of an ETag', async () => {
    const { method, path } = endpoint
    const headers = { authorization: await bearer('admin'), 'content-type': 'application/json' }
    const without = await app.fetch(pathOf(endpoint), {
      method: method.toUpperCase(),
      headers,
      body: '{}',
    })
    expect([path, without.status]).toEqual([path, 428])
    const asked = versionsFor(endpoint, noVersions).map((tag): [string, ReturnType<typeof ask>] => [
      tag,
      ask(endpoint, { headers: { 'if-match': tag } }),
    ])
    expect(await otherwise(is(400, 'validation_failed'), asked)).toEqual([])
  })
})

describe('a path or method outside the document', () => {
  it('is not found', async () => {
    for (const path of [
      '/v1',
      '/v1/nothing',
      '/v1/dispatch/orders/',
      '/V1/dispatch/orders',
      '/healthz/x',
      '//healthz',
    ]) {
      const response = await app.fetch(`${app.url}${path}`)
      expect([path, response.status]).toEqual([path, 404])
    }
  })

  it('gets the methods that a path supports', async () => {
    const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
    const firsts = all.filter(({ path }, at) => all.findIndex((one) => one.path === path) === at)
    const methodsFor = casesFor(firsts)
    for (const first of firsts) {
      const { path } = first
      const known = all.filter((one) => one.path === path).map(({ method }) => method.toUpperCase())
      const target = pathOf(first)
      const [unknown = '', ...more] = methods.filter((name) => !known.includes(name))
      for (const method of methodsFor(first, { kinds: [unknown], rest: more })) {
        const response = await app.fetch(target, { method })
        expect([method, path, response.status]).toEqual([method, path, 405])
        const allowed = known.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]))
        expect(response.headers.get('allow')?.split(', ').toSorted()).toEqual(allowed.toSorted())
      }
    }
  })
})

describe('all of that', () => {
  it('left no trace in any table, and would have been seen if it had', async () => {
    expect(await contents(app.database.admin)).toEqual(before)
    const client = await app.database.connect()
    await client.query('begin; update dispatch.stores set name = name || name')
    const spoiled = await contents({ query: client.query.bind(client) } as typeof app.database.admin)
    await client.query('rollback')
    expect(spoiled).not.toEqual(before)
  })
})
