import { type Channel, channel } from '../http/stream.ts'
import { orderFeed } from './feed.ts'
import { heardBy, type OrderHappening } from './hear.ts'

export const dispatchChannels: Record<string, Channel> = {
  dispatch: channel<OrderHappening>({ feed: orderFeed, show: heardBy }),
}
