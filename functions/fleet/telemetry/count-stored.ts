import type { Ctx } from '../../core/context.ts'
import type { Message } from '../../core/ingest-message.ts'

/** Counts the samples of messages that one statement stored. Refused samples travel as objects and do not count. */
export function countStored({ metrics }: Ctx, messages: readonly Message[]): void {
  const samples = messages.reduce((sum, { items }) => sum + items.filter(isSample).length, 0)
  metrics.count('telemetry_processed_total', {}, samples)
  metrics.observe('telemetry_batch_size', {}, samples)
}

/** A dropped sample is an empty list. */
function isSample(item: unknown): boolean {
  return Array.isArray(item) && item.length > 0
}
