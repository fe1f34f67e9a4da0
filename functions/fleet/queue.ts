import type { IngestQueue } from '../core/ingest-message.ts'
import { countStored } from './telemetry/count-stored.ts'
import { storeSamples } from './telemetry/store.ts'
import { timesOf } from './telemetry/times-of.ts'

export const telemetryQueue: IngestQueue = {
  stream: 'telemetry',
  store: storeSamples,
  count: countStored,
  verb: 'fleet.store',
  hot: true,
  // The consumer works for all tenants.
  settings: { 'app.tenant_id': '*' },
  partitions: (messages) => [
    { table: 'fleet.telemetry_samples', moments: () => timesOf(messages) },
    { table: 'fleet.telemetry_1m', moments: () => timesOf(messages) },
    { table: 'fleet.telemetry_rejects', moments: () => [new Date()] },
  ],
}
