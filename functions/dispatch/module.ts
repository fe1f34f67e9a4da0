import type { Module } from '../http/module.ts'
import { channel } from '../http/stream.ts'
import { heardBy, type OrderHappening, orderFeed, orderOutgoing } from './feed.ts'
import { dispatchEndpoints } from './routes.ts'

export const dispatchModule: Module = {
  name: 'dispatch',
  endpoints: () => dispatchEndpoints,
  channels: { dispatch: channel<OrderHappening>({ feed: orderFeed, show: heardBy }) },
  outgoing: [orderOutgoing],
}
