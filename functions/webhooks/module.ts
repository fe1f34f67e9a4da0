import type { Module } from '../http/module.ts'
import { testWebhooks } from './deliveries/contract.ts'
import { deliveriesEndpoints } from './deliveries/routes.ts'
import { subscriptionsEndpoints } from './subscriptions/routes.ts'

export const webhooksModule: Module = {
  name: 'webhooks',
  endpoints: () => [...subscriptionsEndpoints, ...deliveriesEndpoints],
  webhooks: testWebhooks,
}
