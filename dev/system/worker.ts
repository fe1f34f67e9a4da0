import { dirname } from 'node:path'
import { Log, LogLevel, Miniflare } from 'miniflare'
import { freePort } from './free-port.ts'
import { freshFetch } from './fresh-fetch.ts'
import { faultyKv, type KvFaults } from './kv-faults.ts'
import { type QueueFaults, withFaults } from './queue-faults.ts'
import type { WorkerConfig } from './worker-config.ts'

export type RunWorker = {
  /** The built bundle, see build.ts. */
  bundle: string
  /**
   * Given by callers that have read it already, because reading it starts wrangler's slow reader; see worker-config.ts.
   */
  config?: WorkerConfig
  /** Added to the vars of wrangler.toml; undefined removes one. */
  bindings: Record<string, string | undefined>
  host?: string
  port?: number
  /**
   * Lets requests reach the Worker itself, and not through Miniflare's front, which takes a third of a short request: it
   * compresses, knows the files of the dashboard, and names the caller's address.
   */
  direct?: boolean
  rateLimits?: Record<string, { limit: number; period: 10 | 60 }>
  /** Queues that wrangler.toml does not have, by their streams, with those of their dead letters. */
  streams?: Readonly<Record<string, { maxRetries?: number }>>
  /** Stands between the Worker and all its queues. */
  queueFaults?: QueueFaults
  /** So long each queue waits for a full batch, instead of the time in wrangler.toml. */
  batchSeconds?: number | undefined
  /** The folder for the state of KV and Durable Objects. Without it the state is in memory. */
  persistTo?: string
  /** Lets calls of the KV namespace CACHE fail on demand. */
  kvFaults?: KvFaults
  /** Receives each line that the Worker logs; writes to standard output by default. */
  onLog?: (line: string, level: string) => void
}

export type RunningWorker = {
  url: string
  /** By it `stopWorkerd` finds the process. */
  address: string
  /** Fires a cron trigger, as Cloudflare does at `scheduledTime`. */
  scheduled(cron: string, scheduledTime?: Date): Promise<{ outcome: string }>
  dispose(): Promise<void>
}

/** Runs the built Worker in workerd with everything that wrangler.toml binds to it. Needs no network. */
export async function startWorker(options: RunWorker): Promise<RunningWorker> {
  const {
    bundle,
    bindings,
    host = '127.0.0.1',
    rateLimits = {},
    persistTo,
    onLog,
    kvFaults,
    direct = false,
  } = options
  const config = options.config ?? (await import('./worker-config.ts')).readWorkerConfig()
  const port = options.port ?? (await freePort())
  const front = direct ? await freePort() : port
  const { producers, consumers } = queuesOf(config, options)
  const faulty = options.queueFaults && withFaults(producers, options.queueFaults)
  const miniflare = keepingSignals(
    () =>
      new Miniflare({
        workers: [
          {
            ...config.options,
            ...(kvFaults && { kvNamespaces: {}, serviceBindings: { CACHE: 'faulty-kv' } }),
            modules: [{ type: 'ESModule', path: bundle }],
            modulesRoot: dirname(bundle),
            bindings: defined({ ...config.options.bindings, ...bindings }),
            ratelimits: overrideLimits(config.options.ratelimits ?? {}, rateLimits),
            queueProducers: producers,
            queueConsumers: consumers,
            ...faulty?.main,
            ...(direct && { unsafeDirectSockets: [{ host, port }] }),
          },
          ...(faulty?.more ?? []),
          ...(kvFaults ? [faultyKv('faulty-kv', kvFaults)] : []),
        ],
        host,
        port: front,
        unsafeTriggerHandlers: true,
        // Otherwise Miniflare queries Cloudflare for the `cf` object.
        cf: false,
        log: new Log(LogLevel.ERROR),
        ...(persistTo !== undefined && { defaultPersistRoot: persistTo }),
        ...(onLog && {
          structuredWorkerdLogs: true,
          // Miniflare refuses a handler that returns anything.
          handleStructuredLogs: ({ message, level }: { message: string; level: string }) => {
            onLog(message, level)
          },
        }),
      }),
  )
  try {
    const { origin } = await miniflare.ready
    return {
      url: direct ? `http://${host}:${port}` : origin,
      address: `${host}:${front}`,
      scheduled: (cron, scheduledTime = new Date()) => fire(origin, cron, scheduledTime),
      dispose: () => miniflare.dispose(),
    }
  } catch (error) {
    await miniflare.dispose()
    throw error
  }
}

/** Miniflare's own call of the handler would start a thread for each Worker. */
async function fire(origin: string, cron: string, scheduledTime: Date): Promise<{ outcome: string }> {
  const parameters = new URLSearchParams({ cron, time: String(scheduledTime.getTime()), format: 'json' })
  const response = await freshFetch(`${origin}/cdn-cgi/handler/scheduled?${parameters.toString()}`)
  const answer = await response.text()
  // An outcome is JSON; when the runtime itself fails, Miniflare answers its stack.
  if (!answer.startsWith('{')) throw new Error(`The trigger ${cron} was not fired: ${answer}`)
  return JSON.parse(answer)
}

// On a signal Miniflare ends the whole process at once, before the other parts can stop. Its `exit` hook stays, because
// it ends workerd.
function keepingSignals<T>(make: () => T): T {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const before = new Set(signals.flatMap((signal) => process.listeners(signal)))
  const made = make()
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) if (!before.has(listener)) process.off(signal, listener)
  }
  return made
}

/** The numbers that each queue of ours has in wrangler.toml. */
const consumer = { maxBatchSize: 20, maxBatchTimeout: 1, maxRetries: 30 }

type Queues = { producers: Record<string, string>; consumers: Record<string, object> }

function queuesOf(
  { options }: WorkerConfig,
  { streams = {}, batchSeconds }: Pick<RunWorker, 'streams' | 'batchSeconds'>,
): Queues {
  const configured = Object.entries<unknown>(options.queueProducers ?? {}).map(([binding, queue]) => [
    binding,
    typeof queue === 'object' && queue !== null && 'queueName' in queue ? queue.queueName : queue,
  ])
  const more = Object.keys(streams).map((stream) => [
    `QUEUE_${stream.toUpperCase().replaceAll('-', '_')}`,
    stream,
  ])
  const consumers = Object.entries(streams).flatMap(([stream, changed]) => [
    [stream, { ...consumer, ...changed, deadLetterQueue: `${stream}-dead` }],
    [`${stream}-dead`, consumer],
  ])
  const all: Record<string, object> = { ...options.queueConsumers, ...Object.fromEntries(consumers) }
  return {
    producers: Object.fromEntries([...configured, ...more]),
    consumers:
      batchSeconds === undefined
        ? all
        : Object.fromEntries(
            Object.entries(all).map(([name, one]) => [name, { ...one, maxBatchTimeout: batchSeconds }]),
          ),
  }
}

type Limit = { simple: { limit: number; period: number } }

function overrideLimits<T extends Limit>(
  configured: Record<string, T>,
  limits: Record<string, { limit: number; period: number }>,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(configured).map(([name, limit]) => [
      name,
      { ...limit, simple: limits[name] ?? limit.simple },
    ]),
  )
}

function defined(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}
