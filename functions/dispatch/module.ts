import type { Module } from '../http/module.ts'
import { channel } from '../http/stream.ts'
import { assignmentsEndpoints } from './assignments/routes.ts'
import { couriersEndpoints } from './couriers/routes.ts'
import { orderWebhooks } from './events/contract.ts'
import { eventsEndpoints } from './events/routes.ts'
import { eventFor, type FeedEvent, orderFeed, orderOutgoing } from './feed.ts'
import { ordersEndpoints } from './orders/routes.ts'
import { racesEndpoints } from './races/routes.ts'
import { storesEndpoints } from './stores/routes.ts'
import { dispatchStory } from './story.ts'
import { dispatchWatch } from './watch.ts'

export const dispatchModule: Module = {
  name: 'dispatch',
  endpoints: () => [
    ...ordersEndpoints,
    ...assignmentsEndpoints,
    ...eventsEndpoints,
    ...storesEndpoints,
    ...couriersEndpoints,
    ...racesEndpoints,
  ],
  channels: { dispatch: channel<FeedEvent>({ feed: orderFeed, show: eventFor }) },
  outgoing: [orderOutgoing],
  webhooks: orderWebhooks,
  watch: () => dispatchWatch,
  story: dispatchStory,
}
