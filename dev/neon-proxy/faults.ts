/**
 * Faults of the network between a Worker and its database, each with the probability that a request meets it. All
 * default to 0. `Faults.set` and the proxy's POST /faults change them at run time.
 */
export type FaultSettings = {
  /** Added before every request, and before every chunk a WebSocket client sends. Not a probability. */
  latencyMs: number
  /** The response is 503, as while a compute starts; nothing executes. */
  refuse: number
  /** The connection is reset before anything executes. */
  reset: number
  /** The request is accepted and gets no response; nothing executes. */
  blackhole: number
  /** The connection is reset while Postgres runs the statement, which may still commit. */
  cutDuring: number
  /** Whether the proxy then cancels the statement, as Neon does, or lets it run. */
  cancelWhenCut: boolean
  /** The statement commits and the response is lost. A WebSocket is cut when the server confirms a COMMIT. */
  cutAfterCommit: number
  /** The statement commits, and the response breaks off in the middle. */
  truncate: number
  /** Limits the faults to requests whose SQL contains this text. WebSockets ignore it. */
  match: string | null
  /** No further fault fires after this many. */
  times: number | null
}

export type Fault = 'refuse' | 'reset' | 'blackhole' | 'cutDuring' | 'cutAfterCommit' | 'truncate'

export type Faults = {
  readonly settings: Readonly<FaultSettings>
  /** How often each fault has fired since the last `clear`. */
  readonly counts: Readonly<Record<Fault, number>>
  /** Changes the named settings and keeps the others. */
  set(changes: Partial<FaultSettings>): void
  /** Ends all faults and sets the counters to 0. */
  clear(): void
  /** Seeds the random numbers, so that a run can be repeated. */
  seed(seed: number): void
  /** Decides at random whether a fault happens now, and counts it if it does. */
  strikes(fault: Fault, sql?: string): boolean
  /** Resolves the next time this fault fires. */
  fired(fault: Fault): Promise<void>
}

const faultless: FaultSettings = {
  latencyMs: 0,
  refuse: 0,
  reset: 0,
  blackhole: 0,
  cutDuring: 0,
  cancelWhenCut: true,
  cutAfterCommit: 0,
  truncate: 0,
  match: null,
  times: null,
}

export function createFaults(): Faults {
  const settings = { ...faultless }
  const counts = zeroes()
  const waiting: { fault: Fault; resolve: () => void }[] = []
  let random = mulberry32(Date.now())
  let left = Number.POSITIVE_INFINITY

  return {
    settings,
    counts,
    set(changes) {
      Object.assign(settings, changes)
      left = settings.times ?? Number.POSITIVE_INFINITY
    },
    clear() {
      Object.assign(settings, faultless)
      Object.assign(counts, zeroes())
      left = Number.POSITIVE_INFINITY
    },
    seed(seed) {
      random = mulberry32(seed)
    },
    strikes(fault, sql) {
      if (left <= 0 || settings[fault] === 0) return false
      if (settings.match !== null && sql !== undefined && !sql.includes(settings.match)) return false
      if (random() >= settings[fault]) return false
      left--
      counts[fault]++
      for (const waiter of waiting.splice(0)) {
        if (waiter.fault === fault) waiter.resolve()
        else waiting.push(waiter)
      }
      return true
    },
    fired(fault) {
      return new Promise((resolve) => waiting.push({ fault, resolve }))
    },
  }
}

export function isFaultSetting(name: string): name is keyof FaultSettings {
  return Object.hasOwn(faultless, name)
}

function zeroes(): Record<Fault, number> {
  return { refuse: 0, reset: 0, blackhole: 0, cutDuring: 0, cutAfterCommit: 0, truncate: 0 }
}

// A small, well-mixed generator: the same seed meets the same faults.
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
