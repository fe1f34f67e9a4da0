import { z } from 'zod'
import { type ProblemCode, problems } from '../core/errors.ts'
import type { Endpoint } from './endpoint.ts'
import { Problem } from './problem.ts'

type Json = Record<string, unknown>

/** OpenAPI 3.1 out of the same zod schemas that validate; 3.1 speaks JSON Schema 2020-12, and so does zod. */
export function openApiDocument(endpoints: readonly Endpoint[]): Json {
  const components = new Map<string, Json>()
  const paths: Record<string, Record<string, Json>> = {}
  for (const endpoint of endpoints) {
    const path = (paths[endpoint.path] ??= {})
    path[endpoint.method] = operation(endpoint, components)
  }
  const tags = [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({
    name,
    description: `The ${name} module`,
  }))
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lockstep',
      version: '1.0.0',
      summary: 'Backends that do the right thing exactly once while many callers race',
      description: manners,
      contact: { name: 'Lockstep', url: 'https://github.com/lockstep/lockstep' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This Worker' }],
    tags,
    paths,
    components: {
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

const manners = [
  'Errors are RFC 9457 problems with a stable `code`; `retryable` and `outcome` say whether to send the request again.',
  'A POST takes `Idempotency-Key`: the same key gives the same answer. A PATCH needs `If-Match`.',
  'Every answer that touched Postgres says how many round trips it took, in `X-DB-Round-Trips`.',
].join(' ')

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
      // A field of a zod object is a zod type; its shape's declared type is the core one.
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

function headerParameters({ idempotent, ifMatch }: Endpoint): Json[] {
  const header = (name: string, required: boolean, description: string) => ({
    name,
    in: 'header',
    required,
    description,
    schema: { type: 'string' },
  })
  return [
    ...(idempotent
      ? [header('Idempotency-Key', false, 'The same key gives the same answer, for 24 hours')]
      : []),
    ...(ifMatch ? [header('If-Match', true, 'The ETag of the version this change was made on')] : []),
  ]
}

function successes({ answers }: Endpoint, components: Map<string, Json>): Json {
  const describe: Record<string, string> = {
    200: 'Done',
    201: 'Created',
    202: 'Accepted',
    204: 'Nothing to say',
  }
  const entries = Object.entries(answers).map(([status, schema]) => [
    status,
    {
      description: describe[status] ?? 'Done',
      ...(schema === null ? {} : { content: contentOf(schema, components) }),
    },
  ])
  return Object.fromEntries(entries)
}

function contentOf(schema: z.ZodType | string, components: Map<string, Json>): Json {
  if (typeof schema === 'string') return { [schema]: { schema: { type: 'string' } } }
  return { 'application/json': { schema: schemaOf(schema, 'output', components) } }
}

/** The codes an endpoint can answer follow from what it takes; its own are added. */
function failures(endpoint: Endpoint, components: Map<string, Json>): Json {
  const { roles, params, query, body, ifMatch, idempotent } = endpoint
  const codes = new Set<ProblemCode>([
    'validation_failed',
    'rate_limited',
    'internal',
    'unavailable',
    'timeout',
    'busy',
    ...(roles === 'public' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(params ? (['not_found'] as const) : []),
    ...(query && 'cursor' in query.shape ? (['invalid_cursor'] as const) : []),
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
        ...(['429', '503'].includes(status)
          ? { headers: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } } }
          : {}),
        content: {
          'application/problem+json': {
            schema: { allOf: [schema, { type: 'object', properties: { code: { enum: members } } }] },
          },
        },
      },
    ]),
  )
}

/** A schema with an id goes to the components once, and is referred to. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Map<string, Json>): Json {
  const {
    $schema: _dialect,
    $defs,
    ...json
  } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' })
  for (const [name, definition] of Object.entries($defs ?? {})) components.set(name, relocated(definition))
  const id = schema.meta()?.id
  if (id === undefined) return relocated(json)
  components.set(id, relocated(json))
  return { $ref: `#/components/schemas/${id}` }
}

/** `#/$defs/Order` is `#/components/schemas/Order` here, and ids are names, not URLs. */
function relocated(json: unknown): Json {
  const text = JSON.stringify(json, (key, value) =>
    key === 'id' && typeof value === 'string' ? undefined : value,
  )
  return JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/'))
}
