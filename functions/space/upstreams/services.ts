import { type Answer, notJson, type Upstream } from '../../core/fetch.ts'
import type { Env } from '../../registry/env.ts'
import { isNotUpdated } from '../iss/parse-elements.ts'
import { isNoPicture } from '../nasa/parse-pictures.ts'

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
  /** The account whose quota a call uses: one key has one quota for all of api.nasa.gov. */
  account: string
  /** The API key is sent in a header, because logs contain URLs. */
  keyed?: true
  /** The least time between two calls. */
  pauseMs?: number
}

const nasa = {
  origin: 'https://api.nasa.gov',
  account: 'api.nasa.gov',
  keyed: true,
  unusable: notJson,
} as const

/** Limits that each provider documents or tolerates; the timeouts are those of its own clients. */
const services: Record<UpstreamName, Omit<Service, 'name' | 'account'> & { account?: string }> = {
  wheretheiss: {
    origin: 'https://api.wheretheiss.at',
    timeoutMs: 10_000,
    maxBytes: 16_384,
    retries: 1,
    unusable: notJson,
  },
  // The provider offers no https.
  'open-notify': {
    origin: 'http://api.open-notify.org',
    timeoutMs: 5_000,
    maxBytes: 16_384,
    retries: 1,
    unusable: notJson,
  },
  // Some answers are plain text, whose meaning does not depend on the status. About 50 errors in two hours block the address.
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
    meansSomething: (answer: Answer) => isNoPicture(answer),
  },
  neows: { ...nasa, timeoutMs: 30_000, maxBytes: 8_000_000, retries: 2 },
  // DONKI answers an empty list with an empty body.
  donki: { ...nasa, timeoutMs: 90_000, maxBytes: 16_000_000, retries: 1, unusable: emptyOrJson },
  ccmc: {
    origin: 'https://kauai.ccmc.gsfc.nasa.gov',
    timeoutMs: 90_000,
    maxBytes: 16_000_000,
    retries: 1,
    unusable: emptyOrJson,
  },
}

/** A simulated upstream is on this machine: it needs no long timeouts and no pauses. */
const simulated = { timeoutMs: 500, backoffMs: 5, pauseMs: 0 }

export function serviceOf(name: UpstreamName, { UPSTREAMS_URL }: Pick<Env, 'UPSTREAMS_URL'>): Service {
  const service = { name, account: name, ...services[name] }
  if (UPSTREAMS_URL === undefined) return service
  return { ...service, ...simulated, origin: `${UPSTREAMS_URL}/${name}` }
}

function emptyOrJson(body: string): string | null {
  return body.trim() === '' ? null : notJson(body)
}
