import * as z from 'zod'
import { Currency } from '../../http/fields.ts'
import { AmountMinor, itemKey, minor, UserId } from '../contract.ts'

const Transfer = z
  .strictObject({
    fromUserId: UserId,
    toUserId: UserId,
    amountMinor: AmountMinor,
    currency: Currency,
    idempotencyKey: itemKey,
  })
  .refine(({ fromUserId, toUserId }) => fromUserId !== toUserId, {
    message: 'Must be another user',
    path: ['toUserId'],
  })
  .meta({ id: 'Transfer' })
export type Transfer = z.infer<typeof Transfer>

export const TransferBatch = z
  .strictObject({
    atomic: z.boolean().default(false).meta({ description: 'Make all transfers or none' }),
    transfers: z.array(Transfer).min(1).max(1_000),
  })
  .meta({ id: 'TransferBatch' })

const TransferResult = z
  .strictObject({
    status: z.enum(['accepted', 'rejected', 'duplicate', 'skipped']).meta({
      description: '`skipped`: not made, because another transfer of the atomic batch was rejected',
    }),
    id: z.string().optional(),
    code: z.string().optional(),
    availableMinor: minor.optional(),
  })
  .meta({ id: 'TransferResult' })

export const TransferResults = z
  .strictObject({
    accepted: z.int(),
    rejected: z.int(),
    results: z.array(TransferResult).meta({ description: 'One result per transfer, in order' }),
  })
  .meta({ id: 'TransferResults' })
export type TransferResults = z.infer<typeof TransferResults>

const Accepted = z
  .strictObject({
    id: z.string(),
    fromUserId: UserId,
    toUserId: UserId,
    amountMinor: AmountMinor,
    currency: Currency,
  })
  .meta({ id: 'TransferAcceptedData' })

export const transferWebhooks = {
  'transfer.accepted': { audience: ['tenant'] as const, data: Accepted },
}
