import { createConfig, lintFromString } from '@redocly/openapi-core'
import { Document, type RulesetDefinition, Spectral } from '@stoplight/spectral-core'
import { Json } from '@stoplight/spectral-parsers'
import { oas } from '@stoplight/spectral-rulesets'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { at, ok } from '../../functions/http/endpoint.ts'
import { openApiDocument } from '../../functions/http/openapi.ts'
import { problems } from '../../functions/registry/problems.ts'
import { makeJudge, type OpenApi } from '../support/openapi.ts'
import { app, endpoints, webhooks } from '../support/system.ts'

const document = openApiDocument(endpoints, webhooks)
// The document is ours: it has what OpenApi says of it, and more.
const api = document as unknown as OpenApi

/** Both linters must find that its operation says nothing. */
const wanting = { ...document, components: {}, webhooks: {}, paths: { '/x': { get: { responses: {} } } } }

async function redocly(document: object): Promise<string[]> {
  // A redirect has no 2xx; a test below checks that each operation has a success.
  const config = await createConfig({ extends: ['recommended'], rules: { 'operation-2xx-response': 'off' } })
  const source = JSON.stringify(document)
  const found = await lintFromString({ source, absoluteRef: '/openapi.json', config })
  return found.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)
}

async function spectral(document: object): Promise<string[]> {
  const linter = new Spectral()
  // The two packages disagree about an optional member; the ruleset is made for this very linter.
  linter.setRuleset({ extends: [oas as unknown as RulesetDefinition] })
  const found = await linter.run(new Document(JSON.stringify(document), Json, 'openapi.json'))
  return found.map(({ code, message, path }) => `${code}: ${message} ${path.join('/')}`)
}

describe('the document', () => {
  it('satisfies Redocly’s recommended rules without a warning', async () => {
    expect(await redocly(document)).toEqual([])
    expect(await redocly(wanting)).not.toEqual([])
  })

  it('satisfies Spectral’s OpenAPI rules without a warning', async () => {
    expect(await spectral(document)).toEqual([])
    expect(await spectral(wanting)).not.toEqual([])
  })

  it('has exactly the routes of the application', () => {
    const routed = app.routes
      .filter(({ method, path }) => method !== 'ALL' && path !== '/*')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    const documented = Object.entries(api.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(documented.toSorted()).toEqual(routed.toSorted())
  })

  it('describes every response of each operation, refusals included', () => {
    for (const [path, operations] of Object.entries(api.paths))
      for (const [method, { responses }] of Object.entries(operations)) {
        const name = `${method} ${path}`
        const limited = endpoints.find((one) => `${one.method} ${one.path}` === name)?.rateLimited ?? true
        const refusals = ['400', ...(limited ? ['429'] : []), '500', '503']
        expect(Object.keys(responses), name).toEqual(expect.arrayContaining(refusals))
        expect(
          Object.keys(responses).some((status) => status.startsWith('2') || status === '302'),
          name,
        ).toBe(true)
      }
  })

  it('has no schema that only refers to itself', () => {
    for (const [name, schema] of Object.entries(api.components.schemas))
      expect(schema).not.toEqual({ $ref: `#/components/schemas/${name}` })
  })

  it('describes each list in a query as the server reads it, with commas', () => {
    type Parameter = { in: string; style?: string; explode?: boolean; schema: { type?: string } }
    const lists = Object.values(api.paths)
      .flatMap((operations) => Object.values(operations))
      .flatMap((operation) => (operation as { parameters?: Parameter[] }).parameters ?? [])
      .filter((parameter) => parameter.in === 'query' && parameter.schema.type === 'array')
    expect(lists.length).toBeGreaterThan(0)
    for (const { style, explode } of lists) expect([style, explode]).toEqual(['form', false])
  })

  it('says of each parameter which values it may have', () => {
    type Parameter = { name: string; schema: object }
    const open = Object.entries(api.paths).flatMap(([path, operations]) =>
      Object.values(operations)
        .flatMap((operation) => (operation as { parameters?: Parameter[] }).parameters ?? [])
        .filter(({ schema }) => Object.keys(schema).length === 0)
        .map(({ name }) => `${path} ${name}`),
    )
    expect(open).toEqual([])
  })

  it('lists every code of a problem', () => {
    const { code } = (api.components.schemas['Problem'] as { properties: { code: { enum: string[] } } })
      .properties
    expect(code.enum).toEqual(Object.keys(problems))
  })
})

describe('two schemas of one name', () => {
  it('are refused, because the document can contain only one of them', () => {
    const twice = [z.strictObject({ a: z.string() }), z.strictObject({ b: z.string() })].map(
      (schema, index) =>
        at('', 't').get(
          `/${index}`,
          {
            summary: 's',
            roles: 'public',
            answers: { 200: schema.meta({ id: 'Same' }) },
          },
          async () => ok({}),
        ),
    )
    expect(() => openApiDocument(twice)).toThrow('called Same')
  })
})

describe('the check of answers', () => {
  const judge = makeJudge(document)
  const headers = { 'x-request-id': 'r', 'content-type': 'application/json' }
  const asked = { method: 'GET', path: '/healthz' }
  const problem = {
    type: '/problems/not_found',
    title: 't',
    status: 404,
    code: 'not_found',
    detail: 'd',
    requestId: 'r',
    retryable: false,
    outcome: 'none',
  }
  const refusal = (body: object, more = {}) =>
    Response.json(body, {
      status: 404,
      headers: {
        ...headers,
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        ...more,
      },
    })

  it('accepts an answer that the document promises', async () => {
    expect(await judge(asked, Response.json({ status: 'ok' }, { headers }))).toEqual([])
    expect(await judge({ method: 'GET', path: '/nowhere' }, refusal(problem))).toEqual([])
  })

  const faulty: [string, { method: string; path: string }, Response][] = [
    ['a member too many', asked, Response.json({ status: 'ok', more: 1 }, { headers })],
    ['a wrong value', asked, Response.json({ status: 'up' }, { headers })],
    ['another status', asked, Response.json({ status: 'ok' }, { status: 201, headers })],
    ['another type', asked, new Response('ok', { headers: { ...headers, 'content-type': 'text/plain' } })],
    ['no request id', asked, Response.json({ status: 'ok' })],
    [
      'a problem of an unknown code',
      { method: 'GET', path: '/nowhere' },
      refusal({ ...problem, code: 'odd' }),
    ],
    ['a problem without its members', { method: 'GET', path: '/nowhere' }, refusal({ code: 'not_found' })],
    [
      'a problem of another request',
      { method: 'GET', path: '/nowhere' },
      refusal({ ...problem, requestId: 'x' }),
    ],
    [
      'a problem of another status',
      { method: 'GET', path: '/nowhere' },
      refusal({ ...problem, status: 400 }),
    ],
    [
      'a problem that may be kept',
      { method: 'GET', path: '/nowhere' },
      refusal(problem, { 'cache-control': 'max-age=1' }),
    ],
    [
      'plain JSON for a problem',
      { method: 'GET', path: '/nowhere' },
      Response.json(problem, { status: 404, headers }),
    ],
  ]
  it.each(faulty)('finds %s', async (_what, request, response) => {
    expect(await judge(request, response)).not.toEqual([])
  })
})
