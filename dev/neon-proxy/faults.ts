/**
 * What the network between a Worker and its database can do, each with the probability that a request meets it.
 * All default to never. Switched at run time; see `Faults.set` and the proxy's POST /faults.
 */
export type FaultSettings = {
  /** Added before every request, and before every chunk a WebSocket client sends. Not a probability. */
  latencyMs: number
  /** Answered 503, as while a compute starts: nothing executed. */
  refuse: number
  /** The connection is reset before anything executes. */
  reset: number
  /** The request is taken and never answered, nothing executed. */
  blackhole: number
  /** The statement is on its way in Postgres when the connection is reset: it may still commit. */
  cutDuring: number
  /** Whether Postgres is then told to cancel it, as Neon does, or runs on. */
  cancelWhenCut: boolean
  /** Committed, never answered. On a WebSocket: cut when the server confirms a COMMIT. */
  cutAfterCommit: number
  /** Committed, and the answer breaks off in the middle. */
  truncate: number
  /** Only requests whose SQL contains this. Does not concern WebSockets. */
  match: string | null
  /** Stop after this many have fired. */
  times: number | null
}

export type Fault = 'refuse' | 'reset' | 'blackhole' | 'cutDuring' | 'cutAfterCommit' | 'truncate'

export type Faults = {
  readonly settings: Readonly<FaultSettings>
  /** How often each has fired since the last `clear`. */
  readonly counts: Readonly<Record<Fault, number>>
  /** Changes the named settings, keeps the rest. */
  set(changes: Partial<FaultSettings>): void
  /** Back to a faultless network, counters at zero. */
  clear(): void
  /** Makes the dice repeatable. */
  seed(seed: number): void
  /** Rolls the dice for one fault and counts it if it is to happen. */
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
