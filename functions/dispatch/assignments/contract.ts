import * as z from 'zod'
import { id, shownInstant } from '../../http/fields.ts'
import { ItemProblem, text } from '../contract.ts'

export const Claim = z
  .strictObject({
    accept: z.boolean().default(false).meta({
      description:
        'If true, the order is accepted in the same change: it has no lease and needs no further request',
    }),
  })
  .default({ accept: false })
  .meta({ id: 'Claim' })
export type Claim = z.infer<typeof Claim>

export const GiveBack = z
  .strictObject({ fence: z.int().min(0), reason: text(500).default('not given') })
  .meta({ id: 'GiveBack' })
export type GiveBack = z.infer<typeof GiveBack>

export const Assignment = z.strictObject({ courierId: id }).meta({ id: 'Assignment' })
export type Assignment = z.infer<typeof Assignment>

export const Assignments = z
  .strictObject({
    orderIds: z
      .array(id)
      .min(1)
      .max(500)
      .optional()
      .meta({ description: 'If omitted, the oldest available orders' }),
    limit: z.int().min(1).max(500).default(500),
    courierIds: z
      .array(id)
      .min(1)
      .max(500)
      .optional()
      .meta({ description: 'If omitted, all available couriers' }),
  })
  .default({ limit: 500 })
  .meta({ id: 'Assignments' })
export type Assignments = z.infer<typeof Assignments>

export const AssignmentAnswer = z
  .union([
    z.strictObject({
      orderId: id,
      ok: z.literal(true),
      courierId: id,
      lease: z.strictObject({ expiresAt: shownInstant, fence: z.int() }),
    }),
    z.strictObject({ orderId: id, ok: z.literal(false), problem: ItemProblem }),
  ])
  .meta({ id: 'AssignmentAnswer' })
export type AssignmentAnswer = z.infer<typeof AssignmentAnswer>

export const LostClaim = z
  .strictObject({
    courierId: id,
    times: z.int().meta({ description: 'How often this courier claimed the order too late' }),
    lastAt: shownInstant,
  })
  .meta({ id: 'LostClaim' })
export type LostClaim = z.infer<typeof LostClaim>
