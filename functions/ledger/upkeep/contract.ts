import * as z from 'zod'
import { alertKinds } from '../../../schema/ledger/states.ts'
import { shownInstant } from '../../http/fields.ts'

export const Alert = z
  .strictObject({
    id: z.int(),
    kind: z.enum(alertKinds),
    subject: z.string(),
    evidence: z.record(z.string(), z.unknown()),
    raisedAt: shownInstant,
    seenAt: shownInstant,
    resolvedAt: shownInstant.nullable(),
  })
  .meta({ id: 'LedgerAlert' })
export type Alert = z.infer<typeof Alert>

const ViewName = z.enum(['bets_view', 'payments_view', 'user_balances_view'])
export type ViewName = z.infer<typeof ViewName>
export const ViewPath = z.strictObject({ view: ViewName })

const row = z.record(z.string(), z.unknown())

export const ViewDifference = z
  .strictObject({ key: row, expected: row.nullable(), actual: row.nullable() })
  .meta({ id: 'ViewDifference' })

export const RebuiltView = z
  .strictObject({
    rowsBefore: z.int(),
    rowsAfter: z.int(),
    checksumBefore: z.string(),
    checksumAfter: z.string(),
    mended: z.int(),
    differing: z.array(row).meta({ description: 'Keys of the repaired rows, at most 100' }),
  })
  .meta({ id: 'RebuiltView' })
