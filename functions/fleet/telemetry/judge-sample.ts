import type { RejectReason } from './contract.ts'
import { inCanonicalUnit } from './in-canonical-unit.ts'

/** A sample as it travels to the consumer: in the canonical unit, with its time in milliseconds since 1970. */
export type Sample = {
  nodeUid: string
  metric: string
  channel: string
  /** Null: the time of receipt. */
  tsMs: number | null
  value: number
  /** Null: the unit of the metric. */
  unit: string | null
  quality: 'good' | 'suspect' | null
}

export type Judged = { sample: Sample } | { reason: RejectReason }

type Received = {
  nowMs: number
  /** The batch names the boot of its node and its number, so a repetition is found without the time of a sample. */
  numbered: boolean
  /** The only node that the caller may speak for; null for callers with many. */
  onlyNode: string | null
  /** Added to the time of the sample, when a reject is replayed. */
  shiftMs?: number
}

const names = new Set(['nodeUid', 'metric', 'channel', 'ts', 'value', 'unit', 'quality'])
const qualities = new Set(['good', 'suspect'])
const day = 24 * 60 * 60 * 1_000
/** The oldest partition holds it for as long as a message waits in the queue. */
const acceptedMs = { past: 30 * day, ahead: 5 * 60 * 1_000 }
/** A node whose clock is not set begins at 1970, at 2000 or at the build of its firmware's libraries. */
const clockSetMs = Date.UTC(2020, 0, 1)

/** Decides about one sample of a batch by itself. The consumer decides about what only Postgres knows. */
export function judgeSample(sent: unknown, received: Received): Judged {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return { reason: 'malformed' }
  const fields = sent as Record<string, unknown>
  const { nodeUid, metric, channel = '', unit = null, quality = null, value } = fields
  if (Object.keys(fields).some((name) => !names.has(name))) return { reason: 'malformed' }
  if (!isText(nodeUid, 64) || !isText(metric, 64)) return { reason: 'malformed' }
  if (channel !== '' && !isText(channel, 64)) return { reason: 'malformed' }
  if (unit !== null && !isText(unit, 32)) return { reason: 'malformed' }
  if (quality !== null && !isQuality(quality)) return { reason: 'malformed' }
  if (typeof value !== 'number' || !Number.isFinite(value)) return { reason: 'not_a_number' }
  if (received.onlyNode !== null && nodeUid !== received.onlyNode) return { reason: 'unknown_node' }
  const time = timeOf(fields['ts'], received)
  if (typeof time === 'string') return { reason: time }
  // The negative zero of a sensor is zero.
  const measured = unit === null ? { value, unit } : inCanonicalUnit(value, unit)
  if (!Number.isFinite(measured.value)) return { reason: 'not_a_number' }
  return {
    sample: {
      nodeUid,
      metric,
      channel,
      tsMs: time,
      value: measured.value + 0,
      unit: measured.unit,
      quality,
    },
  }
}

function isText(value: unknown, most: number): value is string {
  if (typeof value !== 'string' || value === '' || value.length > most) return false
  return value.isWellFormed() && !value.includes('\0')
}

function isQuality(value: unknown): value is Exclude<Sample['quality'], null> {
  return typeof value === 'string' && qualities.has(value)
}

function timeOf(ts: unknown, { nowMs, numbered, shiftMs = 0 }: Received): number | null | RejectReason {
  if (ts === undefined || ts === null) return numbered ? null : 'ts_missing'
  const read = readTime(ts)
  if (typeof read === 'string') return read
  const ms = read + shiftMs
  if (ms < clockSetMs) return 'clock_unset'
  if (ms > nowMs + acceptedMs.ahead) return 'in_future'
  if (ms < nowMs - acceptedMs.past) return 'too_old'
  return ms
}

/** RFC 3339, or milliseconds since 1970, in which a node that counts microseconds is millions of years ahead. */
function readTime(ts: unknown): number | RejectReason {
  if (typeof ts === 'number') return Number.isFinite(ts) ? Math.trunc(ts) : 'malformed'
  if (typeof ts !== 'string' || ts.length > 64) return 'malformed'
  const [, year, rest] =
    /^([+-]?\d{4,12})(-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))$/i.exec(ts) ?? []
  if (year === undefined || rest === undefined) return 'malformed'
  const years = Number(year)
  if (years > 9_999) return 'in_future'
  if (years < 1_970) return 'clock_unset'
  const ms = Date.parse(`${String(years)}${rest}`)
  return Number.isNaN(ms) ? 'malformed' : ms
}
