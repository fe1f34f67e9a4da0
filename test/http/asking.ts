import type { ZodType } from 'zod'
import type { Endpoint } from '../../functions/http/endpoint.ts'
import { type Json, schemaOf } from '../../functions/http/json-schema.ts'
import type { TestWorker } from '../support/worker.ts'
import { bearer } from './tokens.ts'

export type Asked = {
  path?: string
  headers?: Record<string, string>
  body?: BodyInit
}

/** Sends requests that would be in order, but for what is given. */
export const asking =
  (app: TestWorker) =>
  async (endpoint: Endpoint, { path, headers = {}, body }: Asked = {}) => {
    const [role = 'admin'] = endpoint.roles === 'public' ? [] : endpoint.roles
    const sent = body ?? (endpoint.method === 'get' ? undefined : '{}')
    const response = await app.fetch(path ?? pathOf(endpoint), {
      method: endpoint.method.toUpperCase(),
      headers: {
        authorization: await bearer(role),
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...(endpoint.ifMatch ? { 'if-match': '"1"' } : {}),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent, duplex: 'half' }),
    })
    const text = await response.text()
    const problem: Problem | null = response.status >= 400 ? JSON.parse(text) : null
    return { status: response.status, problem, bytes: Buffer.byteLength(text) }
  }

export type Problem = { code: string; errors?: { path: string; message: string }[] }

/** Each parameter of the path as its own schema wants it, of a row that is not there. */
export function pathOf({ path, params }: Endpoint, value?: string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => value ?? sampleOf(params?.shape[name]))
}

const samples = [
  '999999',
  'nothing',
  'EUR',
  'OSD-999',
  '019a0000-0000-7000-8000-000000000000',
  '2026-11-20',
  'nd-ph-00000000',
  'visitor-of-no-campaign',
  'row.verb',
]

/** Something that the parameter's own schema takes. */
function sampleOf(schema: unknown): string {
  // A member of a zod object is a zod type; its shape's declared type is the core one.
  const type = schema as ZodType
  const named = schemaOf(type, 'input', new Map())['enum'] ?? []
  const sample = [...(named as string[]), ...samples].find((text) => type.safeParse(text).success)
  if (sample === undefined) throw new Error('A parameter takes none of our samples: add one')
  return sample
}

/** The names a body may have, in any of its forms. */
export function fieldsOf(schema: ZodType): string[] {
  const components = new Map<string, Record<string, unknown>>()
  const walk = ({ $ref, properties = {}, anyOf = [], oneOf = [], allOf = [] }: Json): string[] => [
    ...(typeof $ref === 'string'
      ? walk(components.get($ref.replace('#/components/schemas/', '')) ?? {})
      : []),
    ...Object.keys(properties as Json),
    ...[anyOf, oneOf, allOf].flatMap((forms) => (forms as Json[]).flatMap(walk)),
  ]
  return [...new Set(walk(schemaOf(schema, 'input', components)))]
}
