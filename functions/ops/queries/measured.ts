import { quantileOf, type Series } from '../../core/gather.ts'
import type { Window } from './window.ts'

/** The time of each statement, as the Worker measures it. */
export const measured = 'db_query_duration_seconds'

/** Milliseconds; null if no isolate has measured the statement lately, or the window lies in the past. */
export function p95Of(name: string, series: readonly Series[], { endsNow }: Window): number | null {
  const own = endsNow ? series.find(({ labels }) => labels['query'] === name) : undefined
  const seconds = own === undefined ? null : quantileOf(measured, own.lately, 0.95)
  return seconds === null ? null : Math.round(seconds * 1e4) / 10
}
