import * as z from 'zod'
import { conversionStatuses, orphanStates, postbackStates } from '../../../schema/clicks/states.ts'
import { id, pathId, shownInstant } from '../../http/fields.ts'

export const SourcePath = z.strictObject({
  source: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/i, 'Must be 1 to 64 letters, digits and hyphens')
    .meta({ description: 'The slug of the traffic source', examples: ['net1'] }),
})

const scalar = z.union([z.string().max(2_000), z.number()])

/** The same parameters as in the query. */
export const PostbackBody = z
  .record(z.string().min(1).max(64), scalar)
  .refine((body) => Object.keys(body).length <= 100, 'At most 100 parameters')
  .optional()
  .meta({ id: 'PostbackBody' })

const status = z.enum(conversionStatuses)

const Standing = z.strictObject({ status, payoutMinor: z.int(), currency: z.string() }).meta({
  id: 'StandingConversion',
  description: 'The conversion as it is after the postback',
})

export const PostbackResult = z
  .strictObject({
    result: z.enum(['accepted', 'updated', 'duplicate', 'parked']).meta({
      description: 'parked: its click has not been stored yet; it is matched each minute for seven days',
    }),
    conversionId: id.optional(),
    stands: Standing.optional(),
    differed: z
      .array(z.enum(['status', 'payout', 'currency']))
      .optional()
      .meta({ description: 'Of a duplicate: the fields that differ from the conversion that stands' }),
  })
  .meta({ id: 'PostbackResult' })
export type PostbackResult = z.infer<typeof PostbackResult>

export const Conversion = z
  .strictObject({
    id,
    clickId: z.string(),
    campaignId: id,
    landingPageId: id.nullable(),
    offerId: id.nullable(),
    sourceId: id.nullable(),
    type: z.string(),
    txid: z.string().nullable(),
    status,
    payoutMinor: z.int(),
    currency: z.string(),
    secondsToConvert: z.int().nullable(),
    createdAt: shownInstant,
    updatedAt: shownInstant,
  })
  .meta({ id: 'Conversion' })
export type Conversion = z.infer<typeof Conversion>

/** Sent when a conversion is accepted, or moves to a later status. */
export const conversionWebhooks = Object.fromEntries(
  conversionStatuses.map((name) => [
    `conversion.${name}`,
    { audience: ['partner'] as const, data: Conversion },
  ]),
)

export const ConversionFilter = {
  campaignId: pathId.optional(),
  status: status.optional(),
}

export const Orphan = z
  .strictObject({
    id,
    owner: z.string(),
    sourceId: id,
    clickId: z.string(),
    type: z.string(),
    txid: z.string().nullable(),
    status,
    payoutMinor: z.int().nullable(),
    currency: z.string().nullable(),
    state: z.enum(orphanStates).meta({
      description:
        'expired: no click came within seven days, or the payout is above the limit in the currency of the campaign',
    }),
    receivedAt: shownInstant,
    decidedAt: shownInstant.nullable(),
    matchedClickId: z.string().nullable(),
  })
  .meta({ id: 'OrphanPostback' })
export type Orphan = z.infer<typeof Orphan>

export const OrphanFilter = { state: z.enum(orphanStates).default('open') }

export const OrphanMatch = z
  .strictObject({ clickId: z.guid().meta({ description: 'The click to which the postback belongs' }) })
  .meta({ id: 'OrphanMatch' })

export const SentPostback = z
  .strictObject({
    id,
    conversionId: id,
    clickId: z.string(),
    campaignId: id,
    sourceId: id,
    source: z.string().meta({ description: 'The slug of the source' }),
    status: status.meta({ description: 'The status of the conversion that it reports' }),
    state: z.enum(postbackStates).meta({
      description:
        'dead: given up after five tries or a day, refused for ever, or overtaken by a later status',
    }),
    tries: z.int(),
    template: z
      .string()
      .meta({ description: 'The template that the source had when the status was reached' }),
    outcome: z
      .string()
      .nullable()
      .meta({
        description: 'Of the last try, or why it ended; null before the first try',
        examples: ['delivered'],
      }),
    httpStatus: z.int().nullable(),
    createdAt: shownInstant,
    dueAt: shownInstant.nullable().meta({ description: 'The next try; null once it has ended' }),
    giveUpAt: shownInstant,
    finishedAt: shownInstant.nullable(),
  })
  .meta({ id: 'SentPostback' })
export type SentPostback = z.infer<typeof SentPostback>

export const SentPostbackFilter = {
  sourceId: pathId.optional(),
  conversionId: pathId.optional(),
  state: z.enum(postbackStates).optional(),
}

export const IdCursor = z.tuple([id])
