import type { Job } from '../core/job.ts'
import type { Watch } from '../core/watch.ts'
import { connectionRules } from './connections/watch.ts'
import { deadQueues, deadRules } from './dead/watch.ts'
import { jobRules } from './jobs/watch.ts'
import { lockRules } from './locks/watch.ts'
import { metricRules } from './metrics/watch.ts'
import { outboxQueues, outboxRules } from './outbox/watch.ts'
import { replicaRules } from './replicas/watch.ts'
import { tableRules } from './tables/watch.ts'
import { viewRules } from './views/watch.ts'

/** `jobs` are those of all rows. */
export function opsWatch(jobs: readonly Job[]): Watch {
  return {
    rules: [
      ...jobRules(jobs),
      ...connectionRules,
      ...lockRules,
      ...replicaRules,
      ...viewRules,
      ...outboxRules,
      ...deadRules,
      ...tableRules,
      ...metricRules,
    ],
    queues: [outboxQueues, deadQueues],
  }
}
