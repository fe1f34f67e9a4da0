import * as z from 'zod'
import { instant, shownInstant } from '../../http/fields.ts'
import { AmountMinor, minor, streamVersion, UserId } from '../contract.ts'
import { Currency } from '../currencies/contract.ts'

const paymentKinds = ['deposit', 'withdrawal'] as const
export type PaymentKind = (typeof paymentKinds)[number]

export const paymentStatuses = ['requested', 'completed', 'failed', 'rejected', 'charged_back'] as const
export type PaymentStatus = (typeof paymentStatuses)[number]
const PaymentStatus = z.enum(paymentStatuses)

export const paymentEventTypes = [
  'V1_PAYMENTS_DEPOSIT_REQUESTED',
  'V1_PAYMENTS_DEPOSIT_COMPLETED',
  'V1_PAYMENTS_DEPOSIT_FAILED',
  'V1_PAYMENTS_DEPOSIT_CHARGED_BACK',
  'V1_PAYMENTS_WITHDRAWAL_REQUESTED',
  'V1_PAYMENTS_WITHDRAWAL_COMPLETED',
  'V1_PAYMENTS_WITHDRAWAL_REJECTED',
] as const

export const NewPayment = z
  .strictObject({
    userId: UserId,
    amountMinor: AmountMinor,
    currency: Currency,
    occurredAt: instant.optional(),
  })
  .meta({ id: 'NewPayment' })
export type NewPayment = z.infer<typeof NewPayment>

export const Payment = z
  .strictObject({
    id: z.string(),
    kind: z.enum(paymentKinds),
    userId: z.string(),
    amountMinor: minor,
    currency: z.string(),
    status: PaymentStatus,
    requestedAt: shownInstant,
    settledAt: shownInstant.nullable(),
    streamVersion,
  })
  .meta({ id: 'Payment' })
export type Payment = z.infer<typeof Payment>

export const PaymentFilter = {
  userId: UserId.optional(),
  kind: z.enum(paymentKinds).optional(),
  status: PaymentStatus.optional(),
}
