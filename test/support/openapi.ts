import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

type Content = Record<string, { schema: object }>
type Operation = { responses: Record<string, { content?: Content }> }
export type OpenApi = {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

export type Judged = Pick<Response, 'status' | 'headers' | 'text'>

/**
 * Says what is wrong with an answer, if it is not one that the document promises for that request; else nothing. Reads only a
 * body that ends.
 */
export type Judge = (request: { method: string; path: string }, response: Judged) => Promise<string[]>

export function makeJudge(source: object): Judge {
  // It is linted elsewhere: what it has of these members has this shape.
  const document = source as OpenApi
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false })
  // The package is CommonJS: its function sits one step deeper than its types say.
  ;(formats as unknown as { default: (ajv: Ajv2020) => void }).default(ajv)
  ajv.addSchema(document, 'openapi')
  const operationOf = router(document)
  // Most operations promise the same problems, and each schema takes milliseconds to compile.
  const pointers = new Map<string, string>()
  const validators = new Map<object, ValidateFunction>()

  return async ({ method, path }, response) => {
    const found = operationOf(path)
    const { status, headers } = response
    const type = headers.get('content-type')?.split(';')[0] ?? null
    const said = (text: string) => [`${method} ${path} answered ${status} ${type ?? 'nothing'}: ${text}`]

    if (headers.get('x-request-id') === null) return found ? said('no X-Request-Id') : []
    if (found === null || status === 405 || isPreflight(method, status))
      return status >= 400 ? problemFaults(ajv, response, await response.text()).flatMap(said) : []
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase()
    const promised = found.operations[verb]?.responses[status]
    if (promised === undefined) return said('not in the document')
    if (method === 'HEAD') return []
    if (promised.content === undefined)
      return (await response.text()) === '' ? [] : said('a body is not promised')
    if (type === null || promised.content[type] === undefined) return said('another type is promised')
    if (!type.endsWith('json') || type === 'application/x-ndjson') return []
    const body: unknown = JSON.parse(await response.text())
    const { schema } = promised.content[type]
    const place = ['paths', found.template, verb, 'responses', String(status), 'content', type, 'schema']
    const validate = validators.get(schema) ?? compiled(schema, place)
    if (validate === undefined) return said('its schema cannot be compiled')
    validators.set(schema, validate)
    const faults = validate(body) ? [] : said(ajv.errorsText(validate.errors))
    return [...faults, ...(status >= 400 ? problemManners(response, body).flatMap(said) : [])]
  }

  function compiled(schema: object, place: string[]): ValidateFunction | undefined {
    const text = JSON.stringify(schema)
    const first = pointers.get(text) ?? `openapi#/${place.map(escaped).join('/')}`
    pointers.set(text, first)
    return ajv.getSchema(first)
  }
}

function problemFaults(ajv: Ajv2020, response: Judged, text: string): string[] {
  if (response.headers.get('content-type') !== 'application/problem+json') return ['not a problem']
  const body: unknown = JSON.parse(text)
  const validate = ajv.getSchema('openapi#/components/schemas/Problem')
  if (validate === undefined) return ['the document has no Problem']
  return validate(body) ? problemManners(response, body) : [ajv.errorsText(validate.errors)]
}

/** A rule that no schema can state: the body and the headers agree. */
function problemManners({ status, headers }: Judged, body: unknown): string[] {
  const problem = body as Record<string, unknown>
  const expected: [string, unknown, unknown][] = [
    ['status', problem['status'], status],
    ['type', problem['type'], `/problems/${String(problem['code'])}`],
    ['requestId', problem['requestId'], headers.get('x-request-id')],
    ['retryable', problem['retryable'], headers.has('retry-after')],
    ['cache-control', headers.get('cache-control'), 'no-store'],
  ]
  return expected.flatMap(([name, is, should]) =>
    is === should ? [] : [`${name} is ${String(is)} and not ${String(should)}`],
  )
}

type Found = { template: string; operations: Record<string, Operation> }

function router({ paths }: OpenApi): (path: string) => Found | null {
  const routes = Object.entries(paths)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([template, operations]) => ({
      template,
      operations,
      pattern: new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    }))
  const lengths = Map.groupBy(routes, ({ template }) => segments(template))
  return (path) => {
    const { pathname } = new URL(`http://x${path}`)
    return lengths.get(segments(pathname))?.find(({ pattern }) => pattern.test(pathname)) ?? null
  }
}

const segments = (path: string) => path.split('/').length

const isPreflight = (method: string, status: number) => method === 'OPTIONS' && status === 204

const escaped = (part: string) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
