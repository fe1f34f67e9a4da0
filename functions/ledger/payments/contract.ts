import * as z from 'zod'
import { paymentKinds, paymentStatuses } from '../../../schema/ledger/states.ts'
import { Currency, instant, shownInstant } from '../../http/fields.ts'
import { AmountMinor, minor, streamVersion, UserId } from '../contract.ts'

export type PaymentKind = (typeof paymentKinds)[number]

export type PaymentStatus = (typeof paymentStatuses)[number]
const PaymentStatus = z.enum(paymentStatuses)

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

const steps = [
  ...(['requested', 'completed', 'failed', 'charged_back'] as const).map((status) => `deposit.${status}`),
  ...(['requested', 'completed', 'rejected'] as const).map((status) => `withdrawal.${status}`),
]

export const paymentWebhooks = Object.fromEntries(
  steps.map((name) => [name, { audience: ['tenant'] as const, data: Payment }]),
)
