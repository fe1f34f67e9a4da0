import type * as z from 'zod'
import type { Endpoint } from './endpoint.ts'
import { type Json, schemaOf } from './json-schema.ts'
import type { Webhooks } from './module.ts'
import { webhooksOf } from './openapi-events.ts'
import { headers, isConditional, responsesOf } from './openapi-responses.ts'

/** Builds OpenAPI 3.1 from the zod schemas that validate; both use JSON Schema 2020-12. */
export function openApiDocument(endpoints: readonly Endpoint[], webhooks: Webhooks = {}): Json {
  const components = new Map<string, Json>()
  const paths: Record<string, Record<string, Json>> = {}
  for (const endpoint of endpoints) {
    const path = (paths[endpoint.path] ??= {})
    path[endpoint.method] = operation(endpoint, components)
  }
  const received = webhooksOf(webhooks, components)
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
    webhooks: received,
    components: {
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
      headers,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

const manners = [
  'Errors are RFC 9457 problems with a stable `code`. `retryable` and `outcome` state whether to send the request again.',
  'A POST accepts `Idempotency-Key`: requests with the same key have one effect and get the same response. They have the same path, body and `If-Match`.',
  'A PATCH needs `If-Match` with the ETag of the version it changes.',
  'Responses that used Postgres carry the number of round trips in `X-DB-Round-Trips`.',
  'To read your own write, send the `X-Position` of its response with the read.',
].join(' ')

function operation(endpoint: Endpoint, components: Map<string, Json>): Json {
  const { method, path, tag, summary, description, roles, body, describedBody } = endpoint
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
            required: !body.safeParse(undefined).success,
            content: bodyContent(endpoint, describedBody ?? body, components),
          },
        }
      : {}),
    responses: responsesOf(endpoint, components),
  }
}

/** The same schema for each form; an NDJSON body is a text to a schema. */
function bodyContent({ lines, formFields }: Endpoint, body: z.ZodType, components: Map<string, Json>): Json {
  const json = { schema: schemaOf(body, 'input', components) }
  const text = {
    schema: { type: 'string', description: `One element of \`${lines}\` a line` },
  }
  return {
    'application/json': json,
    ...(lines === null ? {} : { 'application/x-ndjson': text }),
    ...(formFields ? { 'application/x-www-form-urlencoded': json } : {}),
  }
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
    ...(endpoint.stream !== undefined
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
