import type { Module } from '../http/module.ts'
import { allDeliveriesEndpoints, deliveriesEndpoints, testWebhooks } from './deliveries/routes.ts'
import { webhooksStory } from './story.ts'
import { subscriptionsEndpoints } from './subscriptions/routes.ts'
import { webhooksWatch } from './watch.ts'

export const webhooksModule: Module = {
  name: 'webhooks',
  endpoints: ({ webhooks }) => [
    ...subscriptionsEndpoints(webhooks),
    ...deliveriesEndpoints,
    ...allDeliveriesEndpoints,
  ],
  webhooks: testWebhooks,
  watch: () => webhooksWatch,
  story: webhooksStory,
}
