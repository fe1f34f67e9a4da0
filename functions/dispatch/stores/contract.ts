import * as z from 'zod'
import { id, shownInstant, timeZone } from '../../http/fields.ts'
import { both, boxes, lat, lng, notEmpty, orNeither, text } from '../contract.ts'

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Must be HH:MM')

const fields = {
  name: text(200),
  pickupAddress: text(300),
  lat: lat.nullable(),
  lng: lng.nullable(),
  boxLimit: boxes.nullable(),
  opensAt: timeOfDay.nullable(),
  closesAt: timeOfDay.nullable(),
  timeZone,
}

export const NewStore = z
  .strictObject({
    ...fields,
    lat: fields.lat.default(null),
    lng: fields.lng.default(null),
    boxLimit: fields.boxLimit.default(null),
    opensAt: fields.opensAt.default(null),
    closesAt: fields.closesAt.default(null),
    timeZone: fields.timeZone.default('UTC'),
  })
  .refine(both('lat', 'lng'), orNeither('lat', 'lng'))
  .refine(both('opensAt', 'closesAt'), orNeither('opensAt', 'closesAt'))
  .meta({ id: 'NewStore' })
export type NewStore = z.infer<typeof NewStore>

export const StoreChange = z
  .strictObject(fields)
  .partial()
  .refine(notEmpty, 'Name at least one field')
  .meta({ id: 'StoreChange' })
export type StoreChange = z.infer<typeof StoreChange>

export const Store = z
  .strictObject({ id, ...fields, timeZone: z.string(), version: z.int(), createdAt: shownInstant })
  .meta({ id: 'Store' })
export type Store = z.infer<typeof Store>
