import type { Module } from '../http/module.ts'
import { campaignsEndpoints } from './campaigns/routes.ts'
import { clicksEndpoints } from './clicks/routes.ts'
import { conversionWebhooks } from './conversions/contract.ts'
import { conversionsEndpoints } from './conversions/routes.ts'
import { clicksQueue } from './queue.ts'
import { rulesEndpoints } from './rules/routes.ts'
import { sourcesEndpoints } from './sources/routes.ts'
import { statsEndpoints } from './stats/routes.ts'
import { clicksStory } from './story.ts'
import { clicksWatch } from './watch.ts'

export const clicksModule: Module = {
  name: 'clicks',
  queues: [clicksQueue],
  webhooks: conversionWebhooks,
  endpoints: () => [
    ...clicksEndpoints,
    ...campaignsEndpoints,
    ...sourcesEndpoints,
    ...conversionsEndpoints,
    ...statsEndpoints,
    ...rulesEndpoints,
  ],
  watch: () => clicksWatch,
  story: clicksStory,
}
