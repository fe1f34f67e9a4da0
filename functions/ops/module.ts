import type { Module } from '../http/module.ts'
import { cachesEndpoints } from './caches/routes.ts'
import { connectionsEndpoints } from './connections/routes.ts'
import { deadEndpoints } from './dead/routes.ts'
import { healthEndpoints } from './health/routes.ts'
import { indexesEndpoints } from './indexes/routes.ts'
import { jobsEndpoints } from './jobs/routes.ts'
import { locksEndpoints } from './locks/routes.ts'
import { metricsEndpoints } from './metrics/routes.ts'
import { outboxEndpoints } from './outbox/routes.ts'
import { queriesEndpoints } from './queries/routes.ts'
import { replicasEndpoints } from './replicas/routes.ts'
import { routesEndpoints } from './routes/routes.ts'
import { tablesEndpoints } from './tables/routes.ts'
import { triggersEndpoints } from './triggers/routes.ts'
import { viewsEndpoints } from './views/routes.ts'

export const opsModule: Module = {
  name: 'ops',
  endpoints: ({ jobs, queues }) => [
    ...healthEndpoints,
    ...jobsEndpoints(jobs),
    ...viewsEndpoints,
    ...tablesEndpoints,
    ...indexesEndpoints,
    ...triggersEndpoints,
    ...connectionsEndpoints,
    ...locksEndpoints,
    ...replicasEndpoints,
    ...cachesEndpoints,
    ...outboxEndpoints,
    ...deadEndpoints(queues),
    ...metricsEndpoints(jobs),
    ...routesEndpoints,
    ...queriesEndpoints,
  ],
}
