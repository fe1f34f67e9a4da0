/** The database cost of one request or job. There is no sum over isolates, because isolates share no memory. */
export type Metrics = {
  readonly trips: number
  readonly dbMs: number
  /** Counts one round trip to Postgres and the wall time the caller waited for it. */
  trip(ms: number): void
}

export function makeMetrics(): Metrics {
  let trips = 0
  let dbMs = 0
  return {
    get trips() {
      return trips
    },
    get dbMs() {
      return dbMs
    },
    trip(ms) {
      trips += 1
      dbMs += ms
    },
  }
}
