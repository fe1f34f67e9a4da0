import * as z from 'zod'
import { type ProblemCode, problems } from '../registry/problems.ts'
import { type Endpoint, formsOf } from './endpoint.ts'
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
            content: bodyContent(endpoint, body, components),
          },
        }
      : {}),
    responses: { ...successes(endpoint, components), ...failures(endpoint, components) },
  }
}

/** The same schema for each form; an NDJSON body is a text to a schema. */
function bodyContent({ lines }: Endpoint, body: z.ZodType, components: Map<string, Json>): Json {
  const json = { schema: schemaOf(body, 'input', components) }
  const text = {
    schema: { type: 'string', description: `One element of \`${lines}\` a line` },
  }
  return { 'application/json': json, ...(lines === null ? {} : { 'application/x-ndjson': text }) }
}

function parameters({ params, query, openQuery }: Endpoint, components: Map<string, Json>): Json[] {
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
        ...(json['type'] === 'array' ? commaSeparated : {}),
        schema: json,
      }
    })
  return [...from(params, 'path'), ...from(query, 'query'), ...(openQuery ? [anyQuery] : [])]
}

const anyQuery = {
  name: 'query',
  in: 'query',
  required: false,
  description: 'Any names. Of a repeated name the first value counts.',
  style: 'form',
  explode: true,
  schema: { type: 'object', additionalProperties: { type: 'string' } },
}

/** A list in a query is one parameter, as the server reads it: `?status=new,assigned`. */
const commaSeparated = { style: 'form', explode: false }

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
    ...(endpoint.packed
      ? [
          parameter(
            'Content-Encoding',
            false,
            '`gzip` for a packed body. The limit holds for the unpacked one.',
          ),
        ]
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
  302: 'The address to go on to',
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
        ...(status === '201' || status === '302' ? named('Location') : {}),
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

const bodyProblems = [
  'malformed_json',
  'body_incomplete',
  'body_too_large',
  'unsupported_media_type',
] as const

/** The problem codes that follow from the input of an endpoint, and those that it declares. */
function failures(endpoint: Endpoint, components: Map<string, Json>): Json {
  const { roles, params, query, ifMatch, idempotent } = endpoint
  const codes = new Set<ProblemCode>([
    'validation_failed',
    ...(endpoint.rateLimited ? (['rate_limited'] as const) : []),
    'internal',
    'unavailable',
    'timeout',
    'busy',
    ...(roles === 'public' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(params ? (['not_found'] as const) : []),
    ...(formsOf(endpoint).length > 0 ? (['not_acceptable'] as const) : []),
    ...(query && 'cursor' in query.shape ? (['invalid_cursor'] as const) : []),
    ...(ifMatch ? (['version_required', 'version_mismatch'] as const) : []),
    ...(idempotent ? (['invalid_idempotency_key', 'idempotency_key_reused', 'in_progress'] as const) : []),
    ...(endpoint.method === 'get' ? [] : bodyProblems),
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
