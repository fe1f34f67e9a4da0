import * as z from 'zod'
import { type ProblemCode, problems } from '../registry/problems.ts'
import { cursorFieldsOf } from './bound-cursors.ts'
import type { Endpoint } from './endpoint.ts'
import { type Json, schemaOf } from './json-schema.ts'
import { Problem } from './problem.ts'

/** Builds OpenAPI 3.1 from the zod schemas that validate; both use JSON Schema 2020-12. */
export function openApiDocument(endpoints: readonly Endpoint[]): Json {
  const components = new Map<string, Json>()
  const paths: Record<string, Record<string, Json>> = {}
  for (const endpoint of endpoints) {
    const path = (paths[endpoint.path] ??= {})
    path[endpoint.method] = operation(endpoint, components)
  }
  const tags = [...new Set(endpoints.map(({ tag }) => tag))]
    .sort()
    .map((name) => ({ name, description: `The ${name} module` }))
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lockstep',
      version: '1.0.0',
      summary: 'Concurrent requests with one winner, one effect and no lost update',
      description: manners,
      contact: { name: 'Lockstep' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This Worker' }],
    tags,
    paths,
    components: {
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
      headers,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

const manners = [
  'Errors are RFC 9457 problems with a stable `code`. `retryable` and `outcome` state whether to send the request again.',
  'A POST accepts `Idempotency-Key`: requests with the same key have one effect and get the same response.',
  'A PATCH needs `If-Match` with the ETag of the version it changes.',
  'Responses that used Postgres carry the number of round trips in `X-DB-Round-Trips`.',
  'To read your own write, send the `X-Position` of its response with the read.',
].join(' ')

const header = (description: string, type: 'string' | 'integer') => ({ description, schema: { type } })
const headers = {
  Age: header('Seconds since the newest source of this response was read', 'integer'),
  'Cache-Control': header('How long a cache may reuse the response', 'string'),
  ETag: header('The version of the resource, for If-Match and If-None-Match', 'string'),
  'Idempotency-Replayed': header(
    '`true` when this is the stored response of an earlier request with the same key',
    'string',
  ),
  Location: header('The path of the created resource', 'string'),
  RateLimit: header('The remaining quota, and the seconds until it is renewed', 'string'),
  'Retry-After': header('Seconds after which the same request may succeed', 'integer'),
  'X-DB-Round-Trips': header('The number of round trips to Postgres for this response', 'integer'),
  'X-Position': header('The position of this write. Send it with a read to see the write.', 'string'),
  'X-Request-Id': header(
    'The id of this request in the logs: your X-Request-Id if it is valid, else a generated one',
    'string',
  ),
}

const named = (...names: (keyof typeof headers)[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

function operation(endpoint: Endpoint, components: Map<string, Json>): Json {
  const { method, path, tag, summary, description, roles, body } = endpoint
  const name = [method, ...path.split(/[/{}-]+/).filter((part) => part !== '' && part !== 'v1')]
  const secured = roles === 'public' ? [] : [{ bearer: [] }]
  const who = roles === 'public' ? 'No token is needed.' : `Roles: ${roles.join(', ')}.`
  return {
    operationId: name
      .map((part, at) => (at === 0 ? part : part.charAt(0).toUpperCase() + part.slice(1)))
      .join(''),
    tags: [tag],
    summary,
    description: [description ?? `${summary}.`, who].join(' '),
    security: secured,
    parameters: [...parameters(endpoint, components), ...headerParameters(endpoint)],
    ...(body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(body, 'input', components) } },
          },
        }
      : {}),
    responses: { ...successes(endpoint, components), ...failures(endpoint, components) },
  }
}

function parameters({ params, query }: Endpoint, components: Map<string, Json>): Json[] {
  const from = (source: z.ZodObject | undefined, where: 'path' | 'query') =>
    Object.entries(source?.shape ?? {}).map(([name, schema]) => {
      // Every field of a zod object is a ZodType; its shape declares the wider core type.
      const { description, ...json } = schemaOf(schema as z.ZodType, 'output', components)
      const optional = (schema as z.ZodType).safeParse(undefined).success
      return {
        name,
        in: where,
        required: where === 'path' || !optional,
        ...(description ? { description } : {}),
        schema: json,
      }
    })
  return [...from(params, 'path'), ...from(query, 'query')]
}

function headerParameters(endpoint: Endpoint): Json[] {
  const parameter = (name: string, required: boolean, description: string) => ({
    name,
    in: 'header',
    required,
    description,
    schema: { type: 'string' },
  })
  return [
    ...(endpoint.idempotent
      ? [parameter('Idempotency-Key', false, 'Requests with the same key get the same response for 24 hours')]
      : []),
    ...(endpoint.ifMatch
      ? [parameter('If-Match', true, 'The ETag of the version that this change is based on')]
      : []),
    ...(isConditional(endpoint)
      ? [
          parameter(
            'If-None-Match',
            false,
            'The ETag of the version that you have: the response is 304 if it is current',
          ),
        ]
      : []),
    ...(endpoint.answers[200] === 'text/event-stream'
      ? [
          parameter(
            'Last-Event-ID',
            false,
            'The id of the last event that you received: the stream continues after it',
          ),
        ]
      : []),
  ]
}

/** True for a read of a versioned resource, or of content with an ETag. */
function isConditional({ method, answers, reusable }: Endpoint): boolean {
  return method === 'get' && (reusable === true || hasVersion(answers[200]))
}

function hasVersion(answer: Endpoint['answers'][200]): boolean {
  return answer instanceof z.ZodObject && ('version' in answer.shape || 'streamVersion' in answer.shape)
}

const described: Record<string, string> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted',
  204: 'No content',
}

function successes(endpoint: Endpoint, components: Map<string, Json>): Json {
  const always = named('X-Request-Id', 'X-DB-Round-Trips')
  const entries = Object.entries(endpoint.answers).map(([status, schema]) => [
    status,
    {
      description: described[status] ?? 'Done',
      headers: {
        ...always,
        ...(hasVersion(schema) || endpoint.reusable ? named('ETag') : {}),
        ...(endpoint.reusable ? named('Age', 'Cache-Control') : {}),
        ...(status === '201' ? named('Location') : {}),
        ...(endpoint.idempotent ? named('Idempotency-Replayed', 'X-Position') : {}),
      },
      ...(schema === null
        ? {}
        : { content: { ...contentOf(schema, components), ...furtherContentOf(endpoint, components) } }),
    },
  ])
  const unchanged = {
    description: 'Not modified: the version that you have is current',
    headers: { ...always, ...named('ETag') },
  }
  return { ...Object.fromEntries(entries), ...(isConditional(endpoint) ? { 304: unchanged } : {}) }
}

function contentOf(schema: z.ZodType | string, components: Map<string, Json>): Json {
  if (typeof schema === 'string') return { [schema]: { schema: { type: 'string' } } }
  return { 'application/json': { schema: schemaOf(schema, 'output', components) } }
}

function furtherContentOf({ alsoAs = {} }: Endpoint, components: Map<string, Json>): Json {
  return Object.fromEntries(
    Object.entries(alsoAs).map(([type, schema]) => [
      type,
      { schema: schemaOf(schema, 'output', components) },
    ]),
  )
}

/** The problem codes that follow from the input of an endpoint, and those that it declares. */
function failures(endpoint: Endpoint, components: Map<string, Json>): Json {
  const { roles, params, body, ifMatch, idempotent } = endpoint
  const codes = new Set<ProblemCode>([
    'validation_failed',
    'rate_limited',
    'internal',
    'unavailable',
    'timeout',
    'busy',
    ...(roles === 'public' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(params ? (['not_found'] as const) : []),
    ...(cursorFieldsOf(endpoint) === null ? [] : (['invalid_cursor'] as const)),
    ...(body ? (['malformed_json', 'body_too_large', 'unsupported_media_type'] as const) : []),
    ...(ifMatch ? (['version_required', 'version_mismatch'] as const) : []),
    ...(idempotent ? (['invalid_idempotency_key', 'idempotency_key_reused', 'in_progress'] as const) : []),
    ...(endpoint.method === 'get'
      ? []
      : (['malformed_json', 'body_too_large', 'unsupported_media_type'] as const)),
    ...endpoint.problems,
  ])
  const schema = schemaOf(Problem, 'output', components)
  const byStatus = Object.groupBy([...codes], (code) => problems[code][0])
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, members]) => [
      status,
      {
        description: members.map((code) => `\`${code}\`: ${problems[code][1]}`).join('. '),
        headers: {
          ...named('X-Request-Id'),
          ...(status === '429' ? named('Retry-After', 'RateLimit') : {}),
          ...(status === '503' ? named('Retry-After') : {}),
        },
        content: {
          'application/problem+json': {
            schema: { allOf: [schema, { type: 'object', properties: { code: { enum: members } } }] },
          },
        },
      },
    ]),
  )
}
