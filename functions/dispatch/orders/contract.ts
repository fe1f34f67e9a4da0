import * as z from 'zod'
import { liveStatuses, orderStatuses } from '../../../schema/dispatch/states.ts'
import { commaSeparated, id, instant, shownInstant } from '../../http/fields.ts'
import { both, boxes, ItemProblem, lat, lng, notEmpty, orNeither, text } from '../contract.ts'

/** At least three digits, the length of the shortest numbers that ring. */
const phone = z
  .string()
  .regex(/^(?=(?:\D*\d){3})\+?[\d\s().-]{3,40}$|^\+\d{1,38}…$/, 'Must be a phone number')

export const OrderStatus = z.enum(orderStatuses)

const parcel = {
  deliveryAddress: text(300),
  recipientName: text(200),
  phone,
  boxesCount: boxes,
}

const place = {
  pickupAddress: text(300).optional().meta({ description: 'The store’s own when left out' }),
  pickupLat: lat.optional(),
  pickupLng: lng.optional(),
  deliveryLat: lat.optional(),
  deliveryLng: lng.optional(),
}

export const NewOrder = z
  .strictObject({
    storeId: id.optional().meta({ description: 'A store’s token implies its own' }),
    ...parcel,
    ...place,
    readyAt: instant.optional().meta({
      description: 'When the parcel can be picked up; couriers see it, and may claim the order before',
    }),
    dueAt: instant.optional().meta({ description: 'Not before readyAt' }),
  })
  .refine(both('pickupLat', 'pickupLng'), orNeither('pickupLat', 'pickupLng'))
  .refine(both('deliveryLat', 'deliveryLng'), orNeither('deliveryLat', 'deliveryLng'))
  .meta({ id: 'NewOrder' })
export type NewOrder = z.infer<typeof NewOrder>

export const OrderBatch = z.strictObject({ orders: z.array(z.unknown()).min(1).max(500) })
export type OrderBatch = z.infer<typeof OrderBatch>

/** The items of the batch. The batch is validated item by item, so that a wrong item does not affect the others. */
export const DescribedOrderBatch = z
  .strictObject({ orders: z.array(NewOrder).min(1).max(500) })
  .meta({ id: 'OrderBatch' })

export const OrderChange = z
  .strictObject({
    ...parcel,
    pickupAddress: text(300),
    pickupLat: lat.nullable(),
    pickupLng: lng.nullable(),
    deliveryLat: lat.nullable(),
    deliveryLng: lng.nullable(),
    readyAt: instant.nullable(),
    dueAt: instant.nullable(),
  })
  .partial()
  .refine(notEmpty, 'Name at least one field')
  .refine(both('pickupLat', 'pickupLng'), orNeither('pickupLat', 'pickupLng'))
  .refine(both('deliveryLat', 'deliveryLng'), orNeither('deliveryLat', 'deliveryLng'))
  .meta({ id: 'OrderChange' })
export type OrderChange = z.infer<typeof OrderChange>

export const QuoteRequest = z.strictObject({ boxesCount: boxes }).meta({ id: 'QuoteRequest' })
export const Quote = z
  .strictObject({ boxesCount: boxes, priceMinor: z.int(), currency: z.string() })
  .meta({ id: 'Quote' })

const listed = {
  id,
  storeId: id,
  status: OrderStatus,
  courierId: id.nullable(),
  pickupAddress: z.string(),
  deliveryAddress: z.string(),
  boxesCount: boxes,
  priceMinor: z.int(),
  currency: z.string(),
  readyAt: shownInstant.nullable(),
  dueAt: shownInstant.nullable(),
  lease: z
    .strictObject({ expiresAt: shownInstant, fence: z.int() })
    .nullable()
    .meta({ description: 'While assigned: until when it must be accepted' }),
  fence: z.int().meta({ description: 'Rises with each assignment; every later step shows it' }),
  version: z.int(),
  createdAt: shownInstant,
}

export const ListedOrder = z.strictObject(listed).meta({ id: 'ListedOrder' })
export type ListedOrder = z.infer<typeof ListedOrder>

export const Order = z
  .strictObject({
    ...listed,
    recipientName: z
      .string()
      .optional()
      .meta({ description: 'Not shown to a courier who does not hold the order' }),
    phone: z.string().optional().meta({ description: 'Not shown to a courier who does not hold the order' }),
    pickupLat: lat.nullable(),
    pickupLng: lng.nullable(),
    deliveryLat: lat.nullable(),
    deliveryLng: lng.nullable(),
    assignedAt: shownInstant.nullable(),
    acceptedAt: shownInstant.nullable(),
    pickedUpAt: shownInstant.nullable(),
    deliveredAt: shownInstant.nullable(),
    canceledAt: shownInstant.nullable(),
    settledAt: shownInstant.nullable().meta({ description: 'From when on a delivery is final' }),
    attempts: z.int(),
    failureReason: z.string().nullable(),
  })
  .meta({ id: 'Order' })
export type Order = z.infer<typeof Order>

export const StepBatch = z
  .strictObject({
    step: z.enum(['accept', 'pickup', 'deliver']),
    orders: z
      .array(z.strictObject({ orderId: id, fence: z.int().min(0) }))
      .min(1)
      .max(500)
      .refine(
        (orders) => new Set(orders.map(({ orderId }) => orderId)).size === orders.length,
        'Name an order once',
      ),
  })
  .meta({ id: 'StepBatch' })
export type StepBatch = z.infer<typeof StepBatch>

export const StepAnswer = z
  .union([
    z.strictObject({ orderId: id, ok: z.literal(true), status: OrderStatus }),
    z.strictObject({ orderId: id, ok: z.literal(false), problem: ItemProblem }),
  ])
  .meta({ id: 'StepAnswer' })
export type StepAnswer = z.infer<typeof StepAnswer>

export const BatchAnswer = z
  .union([
    z.strictObject({ index: z.int(), ok: z.literal(true), order: Order }),
    z.strictObject({ index: z.int(), ok: z.literal(false), problem: ItemProblem }),
  ])
  .meta({ id: 'BatchAnswer' })
export type BatchAnswer = z.infer<typeof BatchAnswer>

export const OrderFilter = {
  status: commaSeparated(OrderStatus, 8)
    .optional()
    .meta({ description: 'One status, or several with commas' }),
  since: instant.optional().meta({ description: 'Created at or after' }),
}

export const OrderCursor = z.tuple([z.string().max(40), id])

export const Step = z.strictObject({ fence: z.int().min(0) }).meta({ id: 'Step' })
export type Step = z.infer<typeof Step>

export const Failure = z.strictObject({ fence: z.int().min(0), reason: text(500) }).meta({ id: 'Failure' })
export type Failure = z.infer<typeof Failure>

export const Undo = z
  .strictObject({
    fence: z.int().min(0).optional().meta({ description: 'Needed from a courier' }),
    reason: text(500).default('not given'),
  })
  .meta({ id: 'Undo' })
export type Undo = z.infer<typeof Undo>

export const Cancellation = z
  .strictObject({ reason: text(500).optional() })
  .default({})
  .meta({ id: 'Cancellation' })
export type Cancellation = z.infer<typeof Cancellation>

const seconds = z.number().min(0)

export const Stats = z
  .strictObject({
    asOf: shownInstant,
    hours: z.int().meta({ description: 'Hours that events, states and lostClaims cover' }),
    live: z.record(
      z.enum(liveStatuses),
      z.strictObject({ orders: z.int(), oldestSeconds: seconds.nullable() }),
    ),
    couriers: z
      .strictObject({ available: z.int(), heldBoxes: z.int(), capacityBoxes: z.int() })
      .meta({ description: 'Those who are available' }),
    events: z.record(z.string(), z.int()).meta({ description: 'How many of each type' }),
    states: z
      .record(
        z.string(),
        z.strictObject({
          orders: z.int(),
          meanSeconds: seconds,
          medianSeconds: seconds,
          p95Seconds: seconds,
        }),
      )
      .meta({ description: 'How long orders that left a state had been in it' }),
    lostClaims: z
      .strictObject({
        total: z.int(),
        orders: z.array(z.strictObject({ orderId: id, times: z.int() })),
        couriers: z.array(z.strictObject({ courierId: id, times: z.int() })),
      })
      .meta({ description: 'Pairs that last lost in these hours: their number in all, and the ten most' }),
  })
  .meta({ id: 'Stats' })
export type Stats = z.infer<typeof Stats>

const day = z.iso.date().refine((text) => text >= '0001', 'There is no year 0')
const mostDays = 92

export const Days = z
  .strictObject({
    from: day.meta({ description: 'The first day, in UTC' }),
    until: day.meta({ description: 'The day after the last' }),
  })
  .refine(({ from, until }) => within(Date.parse(until) - Date.parse(from)), {
    message: `Must be 1 to ${mostDays} days after from`,
    path: ['until'],
  })

function within(ms: number): boolean {
  return ms > 0 && ms <= mostDays * 86_400_000
}

export const Day = z
  .strictObject({
    day: z.iso.date(),
    orders: z.int().meta({ description: 'Created on this day' }),
    delivered: z.int().meta({ description: 'Of these orders, those that are delivered now' }),
    canceled: z.int(),
    failedAttempts: z.int(),
    boxes: z.int(),
    priceMinor: z.int(),
    currency: z.string(),
  })
  .meta({ id: 'DayOfOrders' })
export type Day = z.infer<typeof Day>
