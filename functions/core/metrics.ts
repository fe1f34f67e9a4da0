import type { Counts } from './counts.ts'

/** The database cost of one request or job, and the way to count it for the whole system. */
export type Metrics = {
  readonly trips: number
  readonly dbMs: number
  /** The name of the first statement that is not one of core's; null before the first round trip. */
  readonly verb: string | null
  /** Counts one round trip to Postgres and the wall time the caller waited for it. `verb` names its statement. */
  trip(ms: number, verb: string): void
  count: Counts['add']
  observe: Counts['observe']
}

type Meter = Pick<Counts, 'add' | 'observe'>

const nowhere: Meter = { add: () => undefined, observe: () => undefined }

export function makeMetrics(meter: Meter = nowhere): Metrics {
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
      meter.observe('db_query_duration_seconds', { query: verb }, ms / 1_000)
    },
    count: meter.add,
    observe: meter.observe,
  }
}
