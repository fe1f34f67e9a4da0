import * as z from 'zod'

const connectionString = z
  .string()
  .trim()
  .refine(isConnectionString, 'must be postgresql://role:password@host/database')

const commaSeparated = z
  .string()
  .default('')
  .transform((text) => text.split(',').map((entry) => entry.trim()))
  .transform((entries) => entries.filter((entry) => entry !== ''))

/** What the Worker is configured with, checked once per isolate. Secrets come from `wrangler secret put`. */
const Env = z
  .object({
    DATABASE_URL: connectionString,
    DATABASE_URL_REPLICAS: commaSeparated.pipe(z.array(connectionString)),
    NEON_PROXY: z.string().optional(),
    AUTH_SECRET: z.string().min(32, 'must be at least 32 characters').optional(),
    AUTH_JWKS_URL: z.url().refine(isPrivateOnTheWay, 'must be https').optional(),
    AUTH_ISSUER: z.string().min(1).default('lockstep'),
    CORS_ORIGINS: commaSeparated.pipe(
      z.array(z.string().refine(isOrigin, 'must be origins, as https://a.example')),
    ),
    /** Where all outside services are simulated, each below its name; absent: the real ones are asked. */
    UPSTREAMS_URL: z.url().optional(),
    NASA_API_KEY: z.string().min(1).default('DEMO_KEY'),
    /** What seals the secrets of webhooks; several while it is being changed, the new one first. */
    WEBHOOK_KEY: commaSeparated.pipe(z.array(z.string().min(32, 'must be at least 32 characters'))),
    /** Origins that may be webhook targets although they are not public: for tests and development. */
    WEBHOOK_ALLOW: commaSeparated.pipe(
      z.array(z.string().refine(isOrigin, 'must be origins, as http://127.0.0.1:9000')),
    ),
    /** How long a run goes on looking for new events, so that they need not wait for the next minute. */
    WEBHOOK_LINGER_SECONDS: z.coerce.number().int().min(0).max(50).default(0),
    /** A resolver with which the addresses of webhook targets are checked before each attempt. */
    DNS_OVER_HTTPS: z.url().optional(),
    STREAMS: z.custom<Streams>((value) => value !== undefined).optional(),
    RATE_READ: z.custom<RateLimit>((value) => value !== undefined, 'the RATE_READ binding is missing'),
    RATE_WRITE: z.custom<RateLimit>((value) => value !== undefined, 'the RATE_WRITE binding is missing'),
  })
  .refine((env) => (env.AUTH_SECRET === undefined) !== (env.AUTH_JWKS_URL === undefined), {
    message: 'set exactly one of AUTH_SECRET (development) and AUTH_JWKS_URL',
  })

export type Env = z.infer<typeof Env>

/** The objects behind open streams, as far as whoever opens one must know them. */
type Streams = {
  idFromName(name: string): DurableObjectId
  get(id: DurableObjectId): {
    subscribe(name: string, query: object): Promise<ReadableStream<Uint8Array>>
  }
}

const parsed = new WeakMap<object, Env>()

/** Throws with the names of what is missing or malformed; a value never appears in the message. */
export function parseEnv(bindings: object): Env {
  const known = parsed.get(bindings)
  if (known) return known
  const result = Env.safeParse(bindings)
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'env'}: ${issue.message}`)
    throw new Error(`The Worker is misconfigured: ${faults.join('; ')}`)
  }
  parsed.set(bindings, result.data)
  return result.data
}

/** What the driver needs; it would otherwise refuse with the whole string in its message. */
function isConnectionString(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) return false
  return url.username !== '' && url.hostname !== '' && url.pathname.length > 1
}

/** Keys that verify tokens must not be replaced on their way here; a server on this machine has none. */
function isPrivateOnTheWay(text: string): boolean {
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

function isOrigin(text: string): boolean {
  return URL.parse(text)?.origin === text
}
