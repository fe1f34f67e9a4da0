import { type Answer, notJson, type Upstream } from '../../core/fetch.ts'
import type { Env } from '../../registry/env.ts'
import { isNotUpdated } from '../iss/parse-elements.ts'
import { isNoPictureYet } from '../nasa/parse-apod.ts'

export const upstreamNames = [
  'wheretheiss',
  'open-notify',
  'celestrak',
  'satnogs',
  'osdr',
  'apod',
  'neows',
  'donki',
  'ccmc',
] as const
export type UpstreamName = (typeof upstreamNames)[number]

type Service = Upstream & {
  origin: string
  /** Whose quota a call uses up: one key has one quota over all of api.nasa.gov. */
  account: string
  /** The API key goes in a header: a URL ends up in logs. */
  keyed?: true
  /** Politeness between two calls. */
  pauseMs?: number
}

const nasa = {
  origin: 'https://api.nasa.gov',
  account: 'api.nasa.gov',
  keyed: true,
  unusable: notJson,
} as const

/** What each provider documents or is known to bear; see the timeouts of their own clients. */
const services: Record<UpstreamName, Omit<Service, 'name' | 'account'> & { account?: string }> = {
  wheretheiss: {
    origin: 'https://api.wheretheiss.at',
    timeoutMs: 10_000,
    maxBytes: 16_384,
    retries: 1,
    unusable: notJson,
  },
  // There is no https there.
  'open-notify': {
    origin: 'http://api.open-notify.org',
    timeoutMs: 5_000,
    maxBytes: 16_384,
    retries: 1,
    unusable: notJson,
  },
  // Answers of plain text mean something, whatever their status; ~50 errors in two hours block the address.
  celestrak: {
    origin: 'https://celestrak.org',
    timeoutMs: 10_000,
    maxBytes: 65_536,
    retries: 0,
    unusable: (body) => (isNotUpdated(body) ? null : notJson(body)),
    meansSomething: ({ body }) => isNotUpdated(body),
  },
  satnogs: {
    origin: 'https://db.satnogs.org',
    timeoutMs: 10_000,
    maxBytes: 65_536,
    retries: 0,
    unusable: notJson,
  },
  osdr: {
    origin: 'https://visualization.osdr.nasa.gov',
    timeoutMs: 90_000,
    maxBytes: 24_000_000,
    retries: 2,
    pauseMs: 1_000,
    unusable: notJson,
  },
  apod: {
    ...nasa,
    timeoutMs: 15_000,
    maxBytes: 262_144,
    retries: 1,
    meansSomething: (answer: Answer) => isNoPictureYet(answer),
  },
  neows: { ...nasa, timeoutMs: 30_000, maxBytes: 8_000_000, retries: 2 },
  // An empty body is an empty list there.
  donki: { ...nasa, timeoutMs: 90_000, maxBytes: 16_000_000, retries: 1, unusable: emptyOrJson },
  ccmc: {
    origin: 'https://kauai.ccmc.gsfc.nasa.gov',
    timeoutMs: 90_000,
    maxBytes: 16_000_000,
    retries: 1,
    unusable: emptyOrJson,
  },
}

/** A simulated upstream is on this machine: it needs neither patience nor politeness. */
const simulated = { timeoutMs: 500, backoffMs: 5, pauseMs: 0 }

export function serviceOf(name: UpstreamName, { UPSTREAMS_URL }: Pick<Env, 'UPSTREAMS_URL'>): Service {
  const service = { name, account: name, ...services[name] }
  if (UPSTREAMS_URL === undefined) return service
  return { ...service, ...simulated, origin: `${UPSTREAMS_URL}/${name}` }
}

function emptyOrJson(body: string): string | null {
  return body.trim() === '' ? null : notJson(body)
}
