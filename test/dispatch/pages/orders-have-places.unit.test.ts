import { describe, expect, it } from 'vitest'
import { placesOfCourier, placesOfOrder } from '../../../web/dispatch/places.ts'

const order = {
  id: 17,
  pickupAddress: '7 Market Street',
  pickupLat: 51.5,
  pickupLng: -0.1,
  deliveryAddress: '1 Long Lane',
  deliveryLat: 51.6,
  deliveryLng: 0,
}

describe('the map of orders', () => {
  it('has pickup and drop of an order, and the position of a courier', () => {
    expect(placesOfOrder(order)).toEqual([
      { key: 'from-17', kind: 'from', label: 'order 17 from 7 Market Street', lat: 51.5, lng: -0.1 },
      { key: 'to-17', kind: 'to', label: 'order 17 to 1 Long Lane', lat: 51.6, lng: 0 },
    ])
    expect(placesOfCourier({ id: 7, name: 'Ada', lat: 0, lng: 0 })).toEqual([
      { key: 'courier-7', kind: 'who', label: 'Ada (7)', lat: 0, lng: 0 },
    ])
  })

  it('has no place where nothing is known', () => {
    expect(placesOfOrder({ ...order, pickupLat: null, pickupLng: null }).map(({ kind }) => kind)).toEqual([
      'to',
    ])
    expect(placesOfCourier({ id: 7, name: 'Ada', lat: null, lng: null })).toEqual([])
  })
})
