import * as z from 'zod'
import { type ProblemCode, problems } from '../registry/problems.ts'
import { cursorFieldsOf } from './bound-cursors.ts'
import { type Endpoint, formsOf } from './endpoint.ts'
import { type Json, schemaOf } from './json-schema.ts'
import { streamContent } from './openapi-events.ts'
import { Problem } from './problem.ts'

/** The answers of an operation: each success with its headers and forms, each refusal with its codes. */
export function responsesOf(endpoint: Endpoint, components: Map<string, Json>): Json {
  return { ...successes(endpoint, components), ...failures(endpoint, components) }
}

const header = (description: string, type: 'string' | 'integer') => ({ description, schema: { type } })
export const headers = {
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

/** True for a read whose tag says that its content is the same. */
export function isConditional({ reusable, fixedByVersion }: Endpoint): boolean {
  return reusable === true || fixedByVersion === true
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
        : {
            content: {
              ...contentOf(schema, endpoint, components),
              ...furtherContentOf(endpoint, components),
            },
          }),
    },
  ])
  const unchanged = {
    description: 'Not modified: the version that you have is current',
    headers: { ...always, ...named('ETag') },
  }
  return { ...Object.fromEntries(entries), ...(isConditional(endpoint) ? { 304: unchanged } : {}) }
}

const eventStream = 'text/event-stream'

function contentOf(schema: z.ZodType | string, { stream }: Endpoint, components: Map<string, Json>): Json {
  if (schema === eventStream && stream !== undefined) return { [schema]: streamContent(stream, components) }
  if (typeof schema === 'string') return { [schema]: { schema: { type: 'string' } } }
  return { 'application/json': { schema: schemaOf(schema, 'output', components) } }
}

function furtherContentOf({ alsoAs = {}, stream }: Endpoint, components: Map<string, Json>): Json {
  return Object.fromEntries(
    Object.entries(alsoAs).map(([type, schema]) => [
      type,
      type === eventStream && stream !== undefined
        ? streamContent(stream, components)
        : { schema: schemaOf(schema, 'output', components) },
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
  const { roles, params, ifMatch, idempotent } = endpoint
  const codes = new Set<ProblemCode>([
    'validation_failed',
    ...(endpoint.rateLimited ? (['rate_limited'] as const) : []),
    'internal',
    'unavailable',
    'timeout',
    'busy',
    ...(roles === 'public' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(params ? (['not_found'] as const) : []),
    ...(cursorFieldsOf(endpoint) === null ? [] : (['invalid_cursor'] as const)),
    ...(formsOf(endpoint).length > 0 ? (['not_acceptable'] as const) : []),
    ...(formsOf(endpoint).includes(eventStream) ? (['too_many_streams'] as const) : []),
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
