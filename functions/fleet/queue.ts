import type { IngestQueue } from '../core/ingest-message.ts'
import { storeSamples } from './telemetry/store.ts'
import { timesOf } from './telemetry/times-of.ts'

export const telemetryQueue: IngestQueue = {
  stream: 'telemetry',
  store: storeSamples,
  verb: 'fleet.store',
  hot: true,
  // The consumer works for all tenants.
  settings: { 'app.tenant_id': '*' },
  stored: (ctx, messages) =>
    ctx.metrics.count(
      'telemetry_processed_total',
      {},
      messages.reduce((sum, { items }) => sum + items.length, 0),
    ),
  partitions: (messages) => [
    { table: 'fleet.telemetry_samples', moments: () => timesOf(messages) },
    { table: 'fleet.telemetry_1m', moments: () => timesOf(messages) },
    { table: 'fleet.telemetry_rejects', moments: () => [new Date()] },
  ],
}
