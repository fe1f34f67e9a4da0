import type { z } from 'zod'
import type { Courier } from '../../functions/dispatch/couriers/contract.ts'
import type { Order } from '../../functions/dispatch/orders/contract.ts'
import type { Place } from '../parts/place.ts'

type Whole = Pick<
  z.infer<typeof Order>,
  'id' | 'pickupAddress' | 'pickupLat' | 'pickupLng' | 'deliveryAddress' | 'deliveryLat' | 'deliveryLng'
>
type Person = Pick<z.infer<typeof Courier>, 'id' | 'name' | 'lat' | 'lng'>

/** Pickup and drop of an order, as far as its addresses have coordinates. */
export function placesOfOrder(order: Whole): Place[] {
  const { id, pickupAddress, pickupLat, pickupLng, deliveryAddress, deliveryLat, deliveryLng } = order
  return [
    ...placeAt(`from-${id}`, 'from', `order ${id} from ${pickupAddress}`, [pickupLat, pickupLng]),
    ...placeAt(`to-${id}`, 'to', `order ${id} to ${deliveryAddress}`, [deliveryLat, deliveryLng]),
  ]
}

/** The last position that a courier has reported. */
export function placesOfCourier({ id, name, lat, lng }: Person): Place[] {
  return placeAt(`courier-${id}`, 'who', `${name} (${id})`, [lat, lng])
}

function placeAt(
  key: string,
  kind: Place['kind'],
  label: string,
  [lat, lng]: readonly [number | null, number | null],
): Place[] {
  return lat === null || lng === null ? [] : [{ key, kind, label, lat, lng }]
}
