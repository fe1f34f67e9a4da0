/**
 * A cache that reports the age of each answer: isolate, then a layer that isolates share, then the source.
 *
 * Guarantee: an answer is at most `boundMs` old or says `stale`. The age counts from the moment before its load began, so a
 * change during a load is covered. While the source is out, an answer up to `keepMs` old is stale. An isolate loads a
 * key once for all its readers, and never replaces a value by an older one. Absence is kept for a second, and the shared
 * layer gets it only in place of a value: anybody can ask for keys that do not exist.
 * How a caller loses: a stale answer, or the error of the load when no value is kept.
 * The caller must decide whether `stale` is good enough. After its own write it calls `changed`, so that this isolate
 * loads anew and waits for that load up to `boundMs`; other isolates follow within `boundMs`.
 * A Worker's clock stands still between I/O. The birth is read before the load, so an age can only be too large; at the
 * reader the clock lags by its computing since its last I/O, and between machines by their skew. Both add to the bound.
 */
import { type Entry, entryOf } from './cached-value.ts'
import type { Ctx } from './context.ts'
import { AppError } from './errors.ts'
import { makeRecent } from './recent.ts'
import { type SharedLayer, sharedLayer } from './shared-layer.ts'
import { within } from './within.ts'

type Caller = Pick<Ctx, 'env' | 'now' | 'log' | 'waitUntil'> & Partial<Pick<Ctx, 'metrics'>>

export type Answer<T> = {
  /** Null when the source has no such thing. Frozen, because readers share it. */
  value: T | null
  ageMs: number
  stale: boolean
  layer: Layer
}

type Layer = 'isolate' | 'shared' | 'source'

type Options<T, By extends Caller> = {
  /** Begins the keys of the shared layer, as in `campaign:spring`. A new shape of the value needs a new name. */
  name: string
  /** Null means absent. The value must be JSON: it is read back as JSON from every layer. */
  load: (ctx: By, key: string) => Promise<T | null>
  boundMs?: number
  keepMs?: number
  maxBytes?: number
  shared?: boolean
  /** Past the bound a reader waits no longer than this for the load, if there is an old value that this isolate did not change. */
  waitMs?: number
  /** False: its bound is shorter than the time between most reads of a key, so its share of hits is no fault. */
  rated?: boolean
}

export type Cache<T, By extends Caller = Ctx> = {
  read(ctx: By, key: string): Promise<Answer<T>>
  /** No value that was born before this call counts as fresh in this isolate. */
  changed(ctx: Caller, key: string): void
  statistics(now: Date): CacheStatistics
}

export type CacheStatistics = {
  name: string
  rated: boolean
  hits: Record<Exclude<Layer, 'source'>, number>
  misses: number
  stale: number
  absent: number
  errors: number
  loads: number
  /** Of the newest hundred loads; null before the first. A load without I/O counts as 0. */
  loadP95Ms: number | null
  evictions: number
  entries: number
  bytes: number
  oldestMs: number | null
}

type Flight<T> = {
  number: number
  startedAt: number
  done: Promise<{ entry: Entry<T>; layer: Layer }>
  /** Resolves when the shared layer has a value past the bound. */
  old: PromiseWithResolvers<'late'>
}

const absentMs = 1_000
/** After a failed load readers of an old value do not wait for the next one at once. */
const pauseMs = 1_000
const skewMs = 1_000
const overheadBytes = 200

const caches = new Set<Cache<unknown, never>>()

/** The caches of the isolate that answers. */
export function cacheStatistics(now: Date): CacheStatistics[] {
  return [...caches].map((one) => one.statistics(now))
}

/** To be called once per cache and isolate, at the top of a module. */
export function cache<T, By extends Caller = Ctx>(options: Options<T, By>): Cache<T, By> {
  const { name, load, boundMs = 5_000, keepMs = boundMs, maxBytes = 4_000_000, shared = false } = options
  const waitMs = Math.min(options.waitMs ?? boundMs, boundMs)
  const kept = makeRecent<Entry<T>>(maxBytes)
  const flights = new Map<string, Flight<T>>()
  const changes = new Map<string, { at: number; number: number }>()
  const counts = { isolate: 0, shared: 0, misses: 0, stale: 0, absent: 0, errors: 0, loads: 0 }
  const loadMs: number[] = []
  let numbers = 0

  const clock = (ctx: Caller) => ctx.now().getTime()
  const ageOf = (entry: Entry<T>, now: number) => Math.max(0, now - entry.at)
  const boundOf = ({ value }: Entry<T>) => (value === null ? Math.min(absentMs, boundMs) : boundMs)

  function isFresh(key: string, entry: Entry<T>, now: number): boolean {
    return !isOutdated(key, entry) && ageOf(entry, now) <= boundOf(entry)
  }

  /** Whether this isolate has changed the source since. */
  function isOutdated(key: string, entry: Entry<T>): boolean {
    const change = changes.get(key)
    return (
      change !== undefined && (entry.number === 0 ? entry.at <= change.at : entry.number <= change.number)
    )
  }

  function heldAt(key: string, now: number): Entry<T> | undefined {
    const entry = kept.get(key)
    if (entry === undefined || ageOf(entry, now) <= keepMs) return entry
    kept.delete(key)
    return undefined
  }

  async function read(ctx: By, key: string): Promise<Answer<T>> {
    try {
      const answer = await find(ctx, key)
      const { value, stale, layer, ageMs } = answer
      const outcome = stale ? 'stale' : value === null ? 'negative' : layer === 'source' ? 'miss' : 'hit'
      ctx.metrics?.count('cache_requests_total', { cache: name, layer, outcome })
      ctx.metrics?.observe('cache_age_seconds', { cache: name }, ageMs / 1_000)
      return answer
    } catch (error) {
      ctx.metrics?.count('cache_requests_total', { cache: name, layer: 'source', outcome: 'error' })
      throw error
    }
  }

  async function find(ctx: By, key: string): Promise<Answer<T>> {
    const now = clock(ctx)
    const held = heldAt(key, now)
    if (held && isFresh(key, held, now)) {
      if (ageOf(held, now) * 2 > boundOf(held) && now - held.failedAt >= pauseMs) fly(ctx, key)
      return answered(key, held, 'isolate', now)
    }
    if (held && now - held.failedAt < pauseMs) return answered(key, held, 'isolate', now)
    return afterLoad(ctx, key)
  }

  /**
   * Race: the request that began the load ends before it, and its runtime takes the load along. Each reader therefore
   * waits with a timer of its own, which also shows the runtime that this request is not hanging.
   */
  async function afterLoad(ctx: By, key: string): Promise<Answer<T>> {
    const flight = fly(ctx, key)
    const landed = flight.done.catch((error: unknown) => ({ error }))
    const joinedAt = clock(ctx)
    // Readers of an old value wait for a slow load once together, not each anew.
    const waitedMs = heldAt(key, joinedAt) ? joinedAt - flight.startedAt : 0
    let result = await within(landed, Math.max(0, waitMs - waitedMs))
    const old = heldAt(key, clock(ctx))
    if (result === 'late' && (old === undefined || isOutdated(key, old)))
      result = await within(Promise.race([landed, flight.old.promise]), boundMs - waitMs)
    const now = clock(ctx)
    const held = heldAt(key, now)
    if (result !== 'late' && 'entry' in result) {
      const { entry, layer } = result
      if (held && held.at > entry.at) return answered(key, held, layer, now)
      if (ageOf(entry, now) <= keepMs) return answered(key, entry, layer, now)
    }
    if (held) return answered(key, held, 'isolate', now)
    counts.errors += 1
    if (result !== 'late' && 'error' in result) throw result.error
    throw new AppError('unavailable', 'The request had no effect: send it again after Retry-After', {
      retryAfter: 1,
      cause: new Error(`${name} was not loaded within ${boundMs} ms`),
    })
  }

  function answered(key: string, entry: Entry<T>, layer: Layer, now: number): Answer<T> {
    const stale = !isFresh(key, entry, now)
    if (stale) counts.stale += 1
    else if (layer === 'source') counts.misses += 1
    else counts[layer] += 1
    if (entry.value === null) counts.absent += 1
    return { value: entry.value, ageMs: ageOf(entry, now), stale, layer }
  }

  /** The load of this key that is under way, or a new one. A load that a dead request left behind gives way. */
  function fly(ctx: By, key: string): Flight<T> {
    const startedAt = clock(ctx)
    const current = flights.get(key)
    if (current && startedAt - current.startedAt < boundMs) return current
    numbers += 1
    const number = numbers
    const old = Promise.withResolvers<'late'>()
    const done = loadThrough(ctx, key, { number, old }).finally(() => {
      if (flights.get(key)?.number === number) flights.delete(key)
    })
    const flight = { number, startedAt, done, old }
    flights.set(key, flight)
    ctx.waitUntil(done.catch(() => undefined))
    return flight
  }

  async function loadThrough(ctx: By, key: string, { number, old }: Pick<Flight<T>, 'number' | 'old'>) {
    const layer = shared ? sharedLayer(ctx.env) : null
    const found = layer && kept.get(key) === undefined ? await readShared(ctx, layer, key) : null
    if (found) {
      keep(key, found)
      if (isFresh(key, found, clock(ctx))) return { entry: found, layer: 'shared' as const }
      old.resolve('late')
    }
    const before = kept.get(key)
    const entry = await loadSource(ctx, key, number)
    if (layer) ctx.waitUntil(writeShared(ctx, { layer, key, entry, before }))
    return { entry, layer: 'source' as const }
  }

  async function loadSource(ctx: By, key: string, number: number): Promise<Entry<T>> {
    const at = clock(ctx)
    try {
      counts.loads += 1
      const text = JSON.stringify(await load(ctx, key))
      const entry = { ...entryOf<T>(text, at), number }
      keep(key, entry)
      return entry
    } catch (error) {
      const held = kept.get(key)
      if (held) held.failedAt = clock(ctx)
      ctx.log.error('cache load', error, { cache: name })
      throw error
    } finally {
      loadMs.push(clock(ctx) - at)
      if (loadMs.length > 100) loadMs.shift()
    }
  }

  /** Race: of two loads the one that began first may end last, and a shared value may be older than the kept one. */
  function keep(key: string, entry: Entry<T>): void {
    const held = kept.get(key)
    if (held && (held.at > entry.at || (held.at === entry.at && held.number > entry.number))) return
    kept.set(key, entry, (entry.text.length + key.length) * 2 + overheadBytes)
  }

  async function readShared(ctx: By, layer: SharedLayer, key: string): Promise<Entry<T> | null> {
    const found = await layer.get(`${name}:${key}`, ctx)
    const now = clock(ctx)
    // A birth in the future is the clock of another machine, and no age follows from it.
    if (found === null || found.at > now + skewMs || now - found.at > keepMs) return null
    return { ...entryOf<T>(found.text, found.at), sharedAt: found.at }
  }

  async function writeShared(
    ctx: By,
    {
      layer,
      key,
      entry,
      before,
    }: { layer: SharedLayer; key: string; entry: Entry<T>; before: Entry<T> | undefined },
  ): Promise<void> {
    const isNew = before === undefined || (before.value === null && before.sharedAt < 0)
    if (entry.value === null && isNew) return
    if (before?.text === entry.text && entry.at - before.sharedAt < layer.rewriteMs) {
      entry.sharedAt = before.sharedAt
      return
    }
    if (await layer.put(`${name}:${key}`, entry, { now: ctx.now, log: ctx.log, keepMs }))
      entry.sharedAt = entry.at
  }

  function changed(ctx: Caller, key: string): void {
    const at = clock(ctx)
    changes.delete(key)
    changes.set(key, { at, number: numbers })
    flights.delete(key)
    // By then everything older is past the bound anyway.
    for (const [one, change] of changes) {
      if (at - change.at <= boundMs) break
      changes.delete(one)
    }
  }

  function statistics(now: Date): CacheStatistics {
    const births = [...kept.entries()].map(({ at }) => at)
    const { isolate, shared: fromShared, ...rest } = counts
    return {
      name,
      rated: options.rated ?? true,
      hits: { isolate, shared: fromShared },
      ...rest,
      loadP95Ms: loadMs.toSorted((a, b) => a - b)[Math.ceil(loadMs.length * 0.95) - 1] ?? null,
      evictions: kept.evictions,
      entries: births.length,
      bytes: kept.bytes,
      oldestMs:
        births.length === 0 ? null : Math.max(0, now.getTime() - births.reduce((a, b) => Math.min(a, b))),
    }
  }

  const made: Cache<T, By> = { read, changed, statistics }
  caches.add(made)
  return made
}
