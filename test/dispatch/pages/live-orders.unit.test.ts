import { describe, expect, it } from 'vitest'
import { type Orders, taken, unread, withNewer } from '../../../web/dispatch/live-orders.ts'
import type { Listed } from '../../../web/dispatch/order.ts'
import type { FeedEvent } from '../../../web/parts/gathered.ts'

type Some = Partial<Pick<Listed, 'version' | 'status'>>

const order = (id: number, { version = 1, status = 'new' }: Some = {}): Listed => ({
  id,
  version,
  status,
  storeId: 1,
  courierId: null,
  pickupAddress: 'A',
  deliveryAddress: 'B',
  boxesCount: 1,
  priceMinor: 0,
  currency: 'USD',
  readyAt: null,
  dueAt: null,
  lease: null,
  fence: 0,
  createdAt: `2026-11-28T10:00:${String(id).padStart(2, '0')}Z`,
})
const event = (id: number, over: Some = {}): FeedEvent => ({
  type: 'changed',
  data: { orderId: id, order: order(id, over) },
})
const list = (ids: number[], nextCursor: string | null = null): Orders => ({
  data: ids.map((id) => order(id)),
  nextCursor,
})
const shown = (of: Orders, ...burst: FeedEvent[]) =>
  withNewer(of, taken(new Map(), burst).newer).data.map(({ id, status }) => `${id} ${status}`)

describe('the board of live orders', () => {
  it('lays the events over the list, and leaves out what is over', () => {
    const changes = [
      event(2, { version: 2, status: 'assigned' }),
      event(1, { version: 2, status: 'canceled' }),
      event(4),
    ]
    expect(shown(list([3, 2, 1]), ...changes)).toEqual(['4 new', '3 new', '2 assigned'])
  })

  it('is not undone by an older event, which is no news either', () => {
    const { newer, news } = taken(new Map(), [
      event(1, { version: 3, status: 'accepted' }),
      event(1, { version: 2 }),
    ])
    expect(news).toHaveLength(1)
    expect(withNewer(list([1]), newer).data[0]?.status).toBe('accepted')
  })

  it('has none of the orders after the last one of a list that is cut', () => {
    expect(shown(list([9, 8], 'more'), event(5, { version: 2 }), event(10))).toEqual([
      '10 new',
      '9 new',
      '8 new',
    ])
    expect(shown(list([9, 8]), event(5, { version: 2 }))).toEqual(['9 new', '8 new', '5 new'])
  })

  it('keeps no event that the list has caught up with, however many orders are further down', () => {
    const burst = [
      event(9, { version: 1 }),
      event(8, { version: 2 }),
      event(10),
      event(5),
      event(6),
      event(7),
    ]
    const { newer } = taken(new Map(), burst)
    expect([...unread(newer, list([9, 8], 'more')).keys()]).toEqual([8, 10])
  })
})
