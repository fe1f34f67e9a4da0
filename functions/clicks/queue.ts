import type { IngestQueue } from '../core/ingest-message.ts'
import { storeClicks } from './clicks/store.ts'

export const clicksQueue: IngestQueue = {
  stream: 'clicks',
  store: storeClicks,
  partitioned: 'clicks.clicks',
}
