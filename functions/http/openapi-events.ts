import * as z from 'zod'
import { type Json, schemaOf } from './json-schema.ts'
import type { Webhooks } from './module.ts'

/** The events of every stream besides those of its feed. */
const common = {
  cursor: z
    .strictObject({ cursor: z.string() })
    .meta({ id: 'StreamCursor', description: 'The place of the stream, at its beginning and every 15 s' }),
  reset: z.strictObject({ reason: z.enum(['unknown', 'expired']) }).meta({
    id: 'StreamReset',
    description: 'Events may be missing: read the lists again, then continue from this event',
  }),
}

/** The schema is that of each event's `data`; `x-events` has the data by the name of the event. */
export function streamContent(
  events: Readonly<Record<string, z.ZodType>>,
  components: Map<string, Json>,
): Json {
  const all = Object.entries({ ...events, ...common })
  const byName = all.map(([name, data]): [string, Json] => [name, schemaOf(data, 'output', components)])
  const forms = new Map(byName.map(([, schema]) => [JSON.stringify(schema), schema]))
  return { schema: { anyOf: [...forms.values()] }, 'x-events': Object.fromEntries(byName) }
}

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
})

/** The signed headers of Standard Webhooks. */
const signedHeaders = [
  header('webhook-id', 'The id of the event, the same in each attempt'),
  header('webhook-timestamp', 'Seconds since 1970; refuse an old one'),
  header(
    'webhook-signature',
    '`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64, once for each secret',
  ),
]

/** The requests that a webhook's server receives, by the name of the event. */
export function webhooksOf(webhooks: Webhooks, components: Map<string, Json>): Json {
  return Object.fromEntries(
    Object.entries(webhooks).map(([type, { audience, data }]) => [
      type,
      {
        post: {
          operationId: `on${type.replaceAll(/(?:^|[._])([a-z])/g, (_, letter: string) => letter.toUpperCase())}`,
          tags: ['webhooks'],
          summary: `Receive \`${type}\``,
          description: `Sent to webhooks of: ${[...new Set(['admin', ...audience])].join(', ')}.`,
          security: [],
          parameters: signedHeaders,
          requestBody: {
            required: true,
            content: { 'application/json': { schema: bodyOf(type, data, components) } },
          },
          responses: {
            200: { description: 'Any 2xx status: the event was received' },
            410: { description: 'The webhook is disabled' },
            '4XX': { description: 'Any other status: the event is sent again later' },
          },
        },
      },
    ]),
  )
}

function bodyOf(type: string, data: z.ZodType, components: Map<string, Json>): Json {
  const body = z.strictObject({
    type: z.literal(type),
    timestamp: z.string().meta({ format: 'date-time', description: 'When the event happened' }),
    data,
  })
  return schemaOf(body, 'output', components)
}
