/** The database cost of one request or job. There is no sum over isolates, because isolates share no memory. */
export type Metrics = {
  readonly trips: number
  readonly dbMs: number
  /** The name of the first statement that is not one of core's; null before the first round trip. */
  readonly verb: string | null
  /** Counts one round trip to Postgres and the wall time the caller waited for it. `verb` names its statement. */
  trip(ms: number, verb: string): void
}

export function makeMetrics(): Metrics {
  let trips = 0
  let dbMs = 0
  let first: string | null = null
  return {
    get trips() {
      return trips
    },
    get dbMs() {
      return dbMs
    },
    get verb() {
      return first
    },
    trip(ms, verb) {
      if (first === null || (first.startsWith('core.') && !verb.startsWith('core.'))) first = verb
      trips += 1
      dbMs += ms
    },
  }
}
