/**
 * How an isolate reports its counts to the gatherer.
 *
 * No request waits for a report, and no count waits for a next request: the first count after a report arms the
 * next one, which leaves within a second in `waitUntil`. A report that fails is repeated three times. Its counts stay in
 * the isolate and travel with the next report.
 * The caller must count by the `metrics` of its context. Without a Durable Object bound as METRICS nothing is reported.
 * Driver: none.
 */
import type { Env } from '../registry/env.ts'
import { type Counts, makeCounts } from './counts.ts'
import type { Log } from './log.ts'
import { within } from './within.ts'

type Origin = { env: Env; log: Log; waitUntil: (work: Promise<unknown>) => void }

const afterMs = 1_000
const limitMs = 5_000
const attempts = 4
/** A request that was cut off may never send the report that it armed; then another one arms it. */
const lostMs = 10_000

const counts = makeCounts()
let armedAt: number | null = null

/** Counts a request of this isolate as open. */
export const countOpen: Counts['open'] = () => counts.open()

/** The counts of this isolate; each of them arms a report. */
export function reporting(origin: Origin): Pick<Counts, 'add' | 'observe'> {
  if (origin.env.METRICS === undefined) return counts
  return {
    add(name, labels, by) {
      counts.add(name, labels, by)
      arm(origin)
    },
    observe(name, labels, value) {
      counts.observe(name, labels, value)
      arm(origin)
    },
  }
}

function arm(origin: Origin): void {
  const now = Date.now()
  if (armedAt !== null && now - armedAt < lostMs) return
  armedAt = now
  origin.waitUntil(sendIn(origin, afterMs, 1))
}

async function sendIn(origin: Origin, pauseMs: number, attempt: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, pauseMs))
  armedAt = null
  const made = counts.report()
  if (made === null) return
  try {
    const sent = gathererOf(origin.env).report(made.report)
    if ((await within(sent, limitMs)) === 'late') throw new Error(`No answer within ${limitMs} ms`)
    made.confirm()
  } catch (error) {
    counts.add('lockstep_gather_report_failures_total', {})
    origin.log.error('metrics report', error, { attempt })
    if (attempt < attempts) await sendIn(origin, pauseMs * 2, attempt + 1)
  }
}

/** There is one, so that a sum stands in one place. */
export function gathererOf({ METRICS }: Env) {
  if (METRICS === undefined) throw new Error('No Durable Object is bound as METRICS')
  return METRICS.get(METRICS.idFromName('all'))
}
