import * as z from 'zod'
import { id, shownInstant } from '../../http/fields.ts'
import { lat, lng, notEmpty, text } from '../contract.ts'

const fields = {
  name: text(200),
  capacityBoxes: z.int().min(1).max(1000),
  available: z.boolean(),
  zone: text(100).nullable(),
}

export const NewCourier = z
  .strictObject({
    name: fields.name,
    capacityBoxes: fields.capacityBoxes.default(8),
    available: fields.available.default(false),
    zone: fields.zone.default(null),
  })
  .meta({ id: 'NewCourier' })
export type NewCourier = z.infer<typeof NewCourier>

export const CourierChange = z
  .strictObject(fields)
  .partial()
  .refine(notEmpty, 'Name at least one field')
  .meta({ id: 'CourierChange' })
export type CourierChange = z.infer<typeof CourierChange>

export const Courier = z
  .strictObject({
    id,
    ...fields,
    heldBoxes: z.int(),
    lat: lat.nullable(),
    lng: lng.nullable(),
    lastSeenAt: shownInstant.nullable(),
    version: z.int(),
    createdAt: shownInstant,
  })
  .meta({ id: 'Courier' })
export type Courier = z.infer<typeof Courier>

export const Position = z.strictObject({ lat, lng }).meta({ id: 'Position' })
export type Position = z.infer<typeof Position>
