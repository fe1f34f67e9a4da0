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

const limits = z
  .strictObject({
    raise: z.number(),
    clear: z.number(),
    critical: z.number(),
    pendingFor: z.int().min(0),
    clearFor: z.int().min(0),
  })
  .partial()

const core = {
  DATABASE_URL: connectionString,
  DATABASE_URL_REPLICAS: commaSeparated.pipe(z.array(connectionString)),
  NEON_PROXY: z.string().optional(),
  AUTH_SECRET: z.string().min(32, 'must be at least 32 characters').optional(),
  AUTH_JWKS_URL: z.url().refine(isPrivateOnTheWay, 'must be https').optional(),
  AUTH_ISSUER: z.string().min(1).default('lockstep'),
  /** The dashboard as a client of the identity provider at AUTH_ISSUER. Without it a token is pasted. */
  OIDC_CLIENT_ID: z.string().min(1).optional(),
  OIDC_CLIENT_SECRET: z.string().min(1).optional(),
  /** With `npm start` the dashboard signs a developer in by one click; see http/development.ts. */
  DEV_SIGN_IN: z.literal('1').optional(),
  /** The dashboard. Without it every path answers as an API. */
  ASSETS: z.custom<Fetcher>((value) => value !== undefined).optional(),
  /** Signs the tokens of devices. Without it no device has a token. */
  FLEET_KEY: z.string().min(32, 'must be at least 32 characters').optional(),
  CORS_ORIGINS: commaSeparated.pipe(
    z.array(z.string().refine(isOrigin, 'must be origins, as https://a.example')),
  ),
  /** The cache that isolates share, unless Redis over HTTP is set. */
  CACHE: z.custom<KVNamespace>((value) => value !== undefined).optional(),
  UPSTASH_REDIS_REST_URL: z.url().refine(isPrivateOnTheWay, 'must be https').optional(),
  UPSTASH_REDIS_REST_TOKEN: z.string().min(1).optional(),
  STREAMS: z.custom<Streams>((value) => value !== undefined).optional(),
  /** Open streams of one object: of a caller, and of all callers, each of which may hold 64 KiB. */
  STREAMS_PER_CALLER: z.coerce.number().int().min(1).default(1000),
  STREAMS_IN_ALL: z.coerce.number().int().min(1).default(1500),
  SPILL: z.custom<Spill>((value) => value !== undefined).optional(),
  METRICS: z.custom<Gatherer>((value) => value !== undefined).optional(),
  /** The bearer token with which a Prometheus server reads /metrics. */
  METRICS_TOKEN: z
    .string()
    .regex(/^\S{16,}$/, 'must be at least 16 characters without spaces')
    .optional(),
  /** Limits of alert rules in place of those of the code: `{ "replica_lag": { "raise": 30, "clear": 10 } }`. */
  ALERT_LIMITS: z.string().default('{}').transform(parseJson).pipe(z.record(z.string(), limits)),
  /** After this time Spill stops to try the queue, and stores messages by itself. */
  SPILL_SECONDS: z.coerce.number().int().min(0).default(3600),
  /** A resolver with which the addresses of servers that customers named are checked before each call. */
  DNS_OVER_HTTPS: z.url().optional(),
  RATE_READ: z.custom<RateLimit>((value) => value !== undefined, 'the RATE_READ binding is missing'),
  RATE_WRITE: z.custom<RateLimit>((value) => value !== undefined, 'the RATE_WRITE binding is missing'),
}

const space = {
  /** Base URL of the simulated outside services, each below its name. Without it the Worker calls the real ones. */
  UPSTREAMS_URL: z.url().optional(),
  NASA_API_KEY: z.string().min(1).default('DEMO_KEY'),
}

const fleet = {
  /** Messages of telemetry that may wait in the queue. Near it samples are thinned by rule, and at it refused. */
  TELEMETRY_BACKLOG: z.coerce.number().int().min(1).default(10_000),
  /** Zones are divided by their id. Each shard has a Durable Object, and its cycles are independent of the others. */
  FLEET_SHARDS: z.coerce.number().int().min(1).max(64).default(3),
  REGULATOR: z.custom<Regulators>((value) => value !== undefined).optional(),
  /** How often each zone is decided about. */
  TARGET_CYCLE_SECONDS: z.coerce.number().int().min(1).max(60).default(15),
  /** Whether the number of commands that wait for the broker at once follows their number and its speed. */
  ADAPTIVE_CONCURRENCY: z.stringbool().default(true),
  /** A broker for the configuration of nodes. It may name user and password. */
  MQTT_URL: z
    .url({ protocol: /^wss?$/ })
    .refine(isPrivateBroker, 'must be wss')
    .optional(),
}

const webhooks = {
  /** The keys that encrypt the secrets of webhooks. During a rotation there are several, the new one first. */
  WEBHOOK_KEY: commaSeparated.pipe(z.array(z.string().min(32, 'must be at least 32 characters'))),
  /** Origins that may be webhook targets although they are not public: for tests and development. */
  WEBHOOK_ALLOW: commaSeparated.pipe(
    z.array(z.string().refine(isOrigin, 'must be origins, as http://127.0.0.1:9000')),
  ),
  /** How long a delivery run keeps looking for new events, so that they need not wait for the next minute. */
  WEBHOOK_LINGER_SECONDS: z.coerce
    .string()
    .regex(/^\d{1,2}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().max(55))
    .default(0),
}

const clicks = {
  /** The keys that encrypt the secrets of traffic sources. During a rotation there are several, the new one first. */
  POSTBACK_KEY: commaSeparated.pipe(z.array(z.string().min(32, 'must be at least 32 characters'))),
  /** Origins that postbacks may call although they are not public: for tests and development. */
  POSTBACK_ALLOW: commaSeparated.pipe(
    z.array(z.string().refine(isOrigin, 'must be origins, as http://127.0.0.1:9000')),
  ),
}

/** The configuration of the Worker, checked once per isolate. Secrets come from `wrangler secret put`. */
const Env = z
  .object({ ...core, ...space, ...webhooks, ...fleet, ...clicks })
  .refine((env) => (env.AUTH_SECRET === undefined) !== (env.AUTH_JWKS_URL === undefined), {
    message: 'set exactly one of AUTH_SECRET (development) and AUTH_JWKS_URL',
  })
  .refine(
    (env) => (env.UPSTASH_REDIS_REST_URL === undefined) === (env.UPSTASH_REDIS_REST_TOKEN === undefined),
    {
      message: 'set both UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or neither',
    },
  )

export type Env = z.infer<typeof Env> & {
  /** The queues by their streams: the binding of the stream `news` is QUEUE_NEWS. */
  queues: Readonly<Record<string, Queue>>
}

/** The Durable Objects behind open streams, as the route that opens a stream sees them. */
type Streams = {
  idFromName(name: string): DurableObjectId
  get(id: DurableObjectId): {
    subscribe(name: string, query: object): Promise<ReadableStream<Uint8Array> | null>
  }
}

/** The Durable Objects that keep messages while a queue or Postgres is away. */
type Spill = {
  idFromName(name: string): DurableObjectId
  get(id: DurableObjectId): {
    keep(stream: string, kept: readonly object[]): Promise<void>
    wake(): Promise<number>
  }
}

/** The Durable Object that adds up the counts of all isolates; core/report.ts and core/gather.ts give the shapes. */
type Gatherer = {
  idFromName(name: string): DurableObjectId
  get(id: DurableObjectId): {
    report(report: object): Promise<void>
    read(query: { names: readonly string[] | null; minutes: number }): Promise<GathererAnswer>
  }
}

export type GathererAnswer = {
  asOf: number
  /** The beginning of the minutes of the query. */
  since: number
  /** Isolates that reported within fifteen minutes, and those of them that are silent with requests open. */
  isolates: number
  silent: number
  /** Requests that isolates had open at their last report, without the silent ones. */
  open: number
  /** When the newest report came; null before the first. */
  heardAt: number | null
  /** The key of each series, its total, and what was added within those minutes. */
  series: readonly (readonly [string, readonly number[], readonly number[]])[]
}

/** The Durable Objects that run the cycles of a shard. */
type Regulators = {
  idFromName(name: string): DurableObjectId
  get(id: DurableObjectId): { arm(name: string, shard: number): Promise<void> }
}

const parsed = new WeakMap<object, Env>()

/** Throws an error that names each missing or malformed setting, and never contains a value. */
export function parseEnv(bindings: object): Env {
  const known = parsed.get(bindings)
  if (known) return known
  const result = Env.safeParse(bindings)
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'env'}: ${issue.message}`)
    throw new Error(`The Worker is misconfigured: ${faults.join('; ')}`)
  }
  const env = { ...result.data, queues: queuesOf(bindings) }
  parsed.set(bindings, env)
  return env
}

function queuesOf(bindings: object): Record<string, Queue> {
  return Object.fromEntries(
    Object.entries(bindings).flatMap(([name, queue]) => {
      const [, stream] = /^QUEUE_(.+)$/.exec(name) ?? []
      return stream === undefined ? [] : [[stream.toLowerCase().replaceAll('_', '-'), queue]]
    }),
  )
}

/** The driver would refuse a malformed string with an error that contains all of it. */
function isConnectionString(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) return false
  return url.username !== '' && url.hostname !== '' && url.pathname.length > 1
}

/** Nobody may replace the keys on their way to the Worker. A server on the same machine needs no https. */
function isPrivateOnTheWay(text: string): boolean {
  const url = URL.parse(text)
  if (url === null) return false
  return url.protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
}

function isPrivateBroker(text: string): boolean {
  return isPrivateOnTheWay(text.replace(/^ws/, 'http'))
}

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue('must be JSON')
    return z.NEVER
  }
}

function isOrigin(text: string): boolean {
  return URL.parse(text)?.origin === text
}
