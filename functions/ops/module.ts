import { liveChannel } from '../http/live-stream.ts'
import type { Module } from '../http/module.ts'
import { alertWebhooks } from './alerts/contract.ts'
import { alertsEndpoints } from './alerts/routes.ts'
import { cachesEndpoints } from './caches/routes.ts'
import { connectionsEndpoints } from './connections/routes.ts'
import { deadEndpoints } from './dead/routes.ts'
import { liveFigures } from './feed.ts'
import { healthEndpoints } from './health/routes.ts'
import { indexesEndpoints } from './indexes/routes.ts'
import { jobsEndpoints } from './jobs/routes.ts'
import { liveEndpoints } from './live/routes.ts'
import { locksEndpoints } from './locks/routes.ts'
import { logEndpoints } from './log/routes.ts'
import { metricsEndpoints } from './metrics/routes.ts'
import { outboxEndpoints } from './outbox/routes.ts'
import { pulseEndpoints } from './pulse/routes.ts'
import { queriesEndpoints } from './queries/routes.ts'
import { queuesEndpoints } from './queues/routes.ts'
import { replicasEndpoints } from './replicas/routes.ts'
import { routesEndpoints } from './routes/routes.ts'
import { rulesEndpoints } from './rules/routes.ts'
import { silencesEndpoints } from './silences/routes.ts'
import { opsStory } from './story.ts'
import { tablesEndpoints } from './tables/routes.ts'
import { timelinesEndpoints } from './timelines/routes.ts'
import { triggersEndpoints } from './triggers/routes.ts'
import { viewsEndpoints } from './views/routes.ts'
import { opsWatch } from './watch.ts'

export const opsModule: Module = {
  name: 'ops',
  endpoints: ({ jobs, queues, watches, stories, matters }) => [
    ...healthEndpoints(matters),
    ...jobsEndpoints(jobs),
    ...viewsEndpoints(watches),
    ...tablesEndpoints,
    ...indexesEndpoints,
    ...triggersEndpoints,
    ...connectionsEndpoints,
    ...locksEndpoints,
    ...replicasEndpoints,
    ...cachesEndpoints,
    ...outboxEndpoints,
    ...deadEndpoints(queues),
    ...metricsEndpoints({ jobs, watches }),
    ...routesEndpoints,
    ...queriesEndpoints,
    ...alertsEndpoints(watches.flatMap(({ rules }) => rules)),
    ...rulesEndpoints(watches.flatMap(({ rules }) => rules)),
    ...silencesEndpoints(watches.flatMap(({ rules }) => rules)),
    ...queuesEndpoints(watches),
    ...pulseEndpoints(watches.flatMap(({ rules }) => rules)),
    ...logEndpoints,
    ...liveEndpoints,
    ...timelinesEndpoints(stories),
  ],
  channels: { ops: liveChannel({ everyMs: 2_000, follow: liveFigures }) },
  webhooks: alertWebhooks,
  story: opsStory,
  watch: ({ jobs }) => opsWatch(jobs),
}
