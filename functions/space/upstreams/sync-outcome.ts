import type { JobResult } from '../../core/job.ts'
import type { Upserted } from '../../core/upsert.ts'

/** What came is kept even if something else did not come; that something did not come is a failure all the same. */
export function outcomeOf(counts: Upserted, error: string | null, told: Record<string, unknown>): JobResult {
  const rows = counts.inserted + counts.updated
  const result = { rows, ...counts, ...told }
  if (error !== null) return { ...result, outcome: 'failed', error }
  return { ...result, outcome: rows > 0 ? 'ok' : 'skipped' }
}
