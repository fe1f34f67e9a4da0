import type { IngestQueue } from '../core/ingest-message.ts'
import { storeClicks } from './clicks/store.ts'

const minuteMs = 60_000

export const clicksQueue: IngestQueue = {
  stream: 'clicks',
  verb: 'clicks.store',
  hot: true,
  store: storeClicks,
  // A click belongs to the moment at which its message was closed, or to the minute before.
  partitions: (messages) => [
    {
      table: 'clicks.clicks',
      moments: () =>
        messages.map(({ at }) => Date.parse(at)).flatMap((at) => [new Date(at - minuteMs), new Date(at)]),
    },
  ],
}
