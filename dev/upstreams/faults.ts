import { type Answer, html, json, text } from './answer.ts'
import { notUpdated } from './position.ts'

/** The reply in place of an answer: `hang` never answers, `reset` cuts the connection. */
export type Misbehaviour = Answer | 'hang' | 'reset' | 'stall' | 'endless'

type Fault = (usual: Answer, now: Date) => Misbehaviour

const gateway =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  (): Answer =>
    json({ error: { code, message: `${code}, says the gateway` } }, status, headers)

/** Every observed failure of the real upstreams. */
export const faults = {
  timeout: () => 'hang',
  reset: () => 'reset',
  /** Sends headers and the first half of the body, then nothing. */
  stall: () => 'stall',
  endless: () => 'endless',
  'status-400': () => json({ code: 400, msg: 'Bad Request', service_version: 'v1' }, 400),
  'status-403': () => html('<html><body>Forbidden</body></html>', 403),
  'status-404': () => html('<html><body>Not Found</body></html>', 404),
  'status-500': () => json({ code: 500, msg: 'Internal Service Error', service_version: 'v1' }, 500),
  'status-503-html': () => html(herokuPage, 503),
  'status-429': gateway(429, 'OVER_RATE_LIMIT'),
  'status-429-retry-soon': gateway(429, 'OVER_RATE_LIMIT', { 'retry-after': '1' }),
  'status-429-retry-late': gateway(429, 'OVER_RATE_LIMIT', {
    'x-ratelimit-limit': '10',
    'x-ratelimit-remaining': '0',
    'retry-after': '57263',
  }),
  'quota-zero': (usual) => ({ ...usual, headers: { ...usual.headers, 'x-ratelimit-remaining': '0' } }),
  'key-invalid': gateway(403, 'API_KEY_INVALID'),
  'key-missing': gateway(403, 'API_KEY_MISSING'),
  redirect: () => ({
    status: 302,
    headers: { location: 'http://169.254.169.254/latest/meta-data/' },
    body: '',
  }),
  'html-with-200': () => html(herokuPage),
  'text-with-200': () => text('Service temporarily unavailable'),
  empty: (usual) => ({ ...usual, body: '' }),
  truncated: (usual) => ({ ...usual, body: usual.body.slice(0, Math.ceil(usual.body.length / 2)) }),
  huge: () => huge,
  'wrong-types': (usual) => ({ ...usual, body: ofOtherTypes(usual.body) }),
  /** The first object of a list lacks a part that the real upstreams sometimes leave out. */
  'odd-element': (usual) => ({
    ...usual,
    body: usual.body
      .replace(/"versionId": ?\d+/, '"versionId":null')
      .replace(/"estimated_diameter":/, '"estimated_diameter":null,"estimated_before":'),
  }),
  'another-shape': () => json({ results: [{ accession: 'OSD-1', title: 'x' }] }),
  'null-bytes': (usual) => ({
    ...usual,
    body: usual.body.replaceAll(/: ?"([^"\\]{3})/g, ':"$1\\u0000\\ud800'),
  }),
  'not-updated-403': (_, now) => text(notUpdated(now), 403),
  'not-updated-200': (_, now) => text(notUpdated(now)),
  'unknown-200': () => text('No GP data found'),
  'frozen-clock': (usual, now) => ({
    ...usual,
    body: timestamped(usual.body, now.getTime() / 1000 - 86_400),
  }),
  milliseconds: (usual, now) => ({ ...usual, body: timestamped(usual.body, now.getTime()) }),
  elsewhere: (usual) => ({
    ...usual,
    body: usual.body.replace(/"latitude": ?"?-?[\d.]+"?/, '"latitude":"78.5"'),
  }),
} as const satisfies Record<string, Fault>

export type FaultName = keyof typeof faults

export function isFault(name: unknown): name is FaultName {
  return typeof name === 'string' && name in faults
}

/** More than the size limit of every upstream. */
const huge = json('x'.repeat(32 * 1024 * 1024))

const herokuPage =
  '<!DOCTYPE html><html><head><title>Application Error</title></head><body><iframe src="//www.herokucdn.com/error-pages/application-error.html"></iframe></body></html>'

function ofOtherTypes(body: string): string {
  return body
    .replaceAll(/:(\s*)"(?:[^"\\]|\\.)*"/g, ':$1{}')
    .replaceAll(/:(\s*)-?\d+(?:\.\d+)?(?:e-?\d+)?/g, ':$1"many"')
}

function timestamped(body: string, timestamp: number): string {
  return body.replace(/"timestamp": ?\d+/, `"timestamp":${Math.floor(timestamp)}`)
}
