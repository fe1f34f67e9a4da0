import type { JobResult } from '../../core/job.ts'
import type { Upserted } from '../../core/upsert.ts'

/** The result of a sync. An error makes the run failed, although the rows that arrived before it are stored. */
export function syncOutcome(
  counts: Upserted,
  error: string | null,
  detail: Record<string, unknown>,
): JobResult {
  const rows = counts.inserted + counts.updated
  const result = { rows, ...counts, ...detail }
  if (error !== null) return { ...result, outcome: 'failed', error }
  return { ...result, outcome: rows > 0 ? 'ok' : 'skipped' }
}
