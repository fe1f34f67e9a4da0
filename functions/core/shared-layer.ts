/**
 * The layer of a cache that isolates share: Redis over HTTP if UPSTASH_REDIS_REST_URL is set, else the KV namespace
 * CACHE, else none.
 *
 * Guarantee: no call takes longer than its time limit, and none throws. After a failure the layer is skipped for ten seconds
 * by this isolate. Redis replaces a value only by one that was born later.
 * How a caller loses: KV has no conditional write, so of two isolates the older value may be written last. KV also
 * shows a write elsewhere after up to a minute. Each value therefore carries its birth, and the reader checks its age.
 */
import type { Env } from '../registry/env.ts'
import { isJson } from './is-json.ts'
import type { Log } from './log.ts'
import { infoField, makeRedis, type Redis } from './redis.ts'
import { orTooLate } from './within.ts'

/** A value as JSON, with the moment before its load began. */
export type Shared = { at: number; text: string }

export type SharedLayer = {
  name: 'kv' | 'redis'
  /** An unchanged value is written again only after this time: KV bills writes and takes one a second per key. */
  rewriteMs: number
  get(key: string, by: Caller): Promise<Shared | null>
  /** Whether the layer took it. */
  put(key: string, value: Shared, by: Caller & { keepMs: number }): Promise<boolean>
  /** Epoch milliseconds until which this isolate skips it; null while it takes part. */
  skippedUntil(nowMs: number): number | null
  size(by: Caller): Promise<SharedSize>
}

/** `why` says why a figure is null. */
export type SharedSize = {
  entries: number | null
  bytes: number | null
  evictions: number | null
  why: string | null
}

type Caller = { now: () => Date; log: Log }

type Store = Pick<SharedLayer, 'name' | 'rewriteMs' | 'size'> & {
  get(key: string): Promise<string | null>
  put(key: string, value: Shared & { keepMs: number }): Promise<void>
}

const skipMs = 10_000
const limitMs = 500

/** KV refuses longer keys, and a request to Upstash has at most a megabyte. */
const longestKey = 400
const longestText = 900_000

const layers = new WeakMap<Env, SharedLayer | null>()

/** One per isolate, so that all caches skip a failing layer. */
export function sharedLayer(env: Env): SharedLayer | null {
  const known = layers.get(env)
  if (known !== undefined) return known
  const store = storeOf(env)
  const layer = store && guarded(store)
  layers.set(env, layer)
  return layer
}

function storeOf({
  UPSTASH_REDIS_REST_URL: url,
  UPSTASH_REDIS_REST_TOKEN: token,
  CACHE: kv,
}: Env): Store | null {
  if (url !== undefined && token !== undefined) return redisStore(makeRedis({ url, token, limitMs }))
  return kv === undefined ? null : kvStore(kv)
}

function guarded({ name, rewriteMs, get, put, size }: Store): SharedLayer {
  let skippedUntil = Number.NEGATIVE_INFINITY

  async function attempt<T>(by: Caller, work: () => Promise<T>): Promise<T | null> {
    if (by.now().getTime() < skippedUntil) return null
    try {
      // A binding takes no signal, so its call goes on when the time is over.
      return await orTooLate(work(), limitMs)
    } catch (error) {
      skippedUntil = by.now().getTime() + skipMs
      by.log.error('shared cache', error, { layer: name, skippedMs: skipMs })
      return null
    }
  }

  return {
    name,
    rewriteMs,
    size,
    skippedUntil: (nowMs) => (skippedUntil > nowMs ? skippedUntil : null),
    async get(key, by) {
      if (key.length > longestKey) return null
      const stored = await attempt(by, () => get(key))
      return stored === null ? null : decode(stored)
    },
    async put(key, value, by) {
      if (key.length > longestKey || value.text.length > longestText) return false
      const write = async () => {
        await put(key, { ...value, keepMs: by.keepMs })
        return true
      }
      return (await attempt(by, write)) ?? false
    },
  }
}

function kvStore(kv: KVNamespace): Store {
  return {
    name: 'kv',
    rewriteMs: 60_000,
    get: (key) => kv.get(key, 'text'),
    // KV keeps nothing for less than a minute.
    put: (key, { at, text, keepMs }) =>
      kv.put(key, encode(at, text), { expirationTtl: Math.max(60, Math.ceil(keepMs / 1_000)) }),
    size: async () => ({ ...unknownSize, why: 'KV reports neither how many keys it has nor their size' }),
  }
}

const unknownSize = { entries: null, bytes: null, evictions: null }

/** Race: two isolates write one key, and the one that loaded earlier comes last. The script compares and writes at once. */
const putIfNewer = `
local held = redis.call('GET', KEYS[1])
local at = held and tonumber(string.match(held, '^(%d+) '))
if at and at >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`

function redisStore(redis: Redis): Store {
  return {
    name: 'redis',
    rewriteMs: 0,
    async get(key) {
      const stored = await redis(['GET', key])
      return typeof stored === 'string' ? stored : null
    },
    async put(key, { at, text, keepMs }) {
      await redis(['EVAL', putIfNewer, 1, key, at, encode(at, text), Math.max(1, Math.ceil(keepMs))])
    },
    size: (by) => sizeOf(redis, by),
  }
}

/** A failure here does not make readers skip the layer. */
async function sizeOf(redis: Redis, by: Caller): Promise<SharedSize> {
  const ask = async (command: string) =>
    orTooLate(redis([command]), limitMs).catch((error: unknown) => {
      by.log.error('shared cache size', error, { command })
      return null
    })
  const [entries, info] = await Promise.all([ask('DBSIZE'), ask('INFO')])
  const size = {
    entries: typeof entries === 'number' ? entries : null,
    bytes: infoField(info, 'used_memory'),
    evictions: infoField(info, 'evicted_keys'),
  }
  const missing = Object.values(size).includes(null)
  return { ...size, why: missing ? 'Redis did not report it in answer to DBSIZE or INFO' : null }
}

function encode(at: number, text: string): string {
  return `${at} ${text}`
}

/** Null for a text that no version of this code wrote. */
function decode(stored: string): Shared | null {
  const [, at, text] = /^(\d{1,16}) ([\s\S]+)$/.exec(stored) ?? []
  return at === undefined || text === undefined || !isJson(text) ? null : { at: Number(at), text }
}
