import type { Module } from '../http/module.ts'
import { deadEndpoints } from './dead/routes.ts'
import { healthEndpoints } from './health/routes.ts'
import { jobsEndpoints } from './jobs/routes.ts'
import { replicasEndpoints } from './replicas/routes.ts'
import { viewsEndpoints } from './views/routes.ts'

export const opsModule: Module = {
  name: 'ops',
  endpoints: ({ jobs, queues }) => [
    ...healthEndpoints,
    ...jobsEndpoints(jobs),
    ...viewsEndpoints,
    ...replicasEndpoints,
    ...deadEndpoints(queues),
  ],
}
