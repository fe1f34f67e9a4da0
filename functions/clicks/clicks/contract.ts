import * as z from 'zod'
import { clickKinds, validities } from '../../../schema/clicks/states.ts'
import { id, instant, pathId, shownInstant } from '../../http/fields.ts'
import { ShownRule } from '../rules/contract.ts'

export const SlugPath = z.strictObject({
  slug: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/i, 'Must be 1 to 64 letters, digits and hyphens')
    .meta({ description: 'The slug of the campaign, in any case', examples: ['spring'] }),
})

export const ClickPath = z.strictObject({
  id: z.guid().meta({ description: 'The id of the click' }),
})

const text = z.string().nullable()

/** The members that lists show, too. */
export const Click = z
  .strictObject({
    id: z.string(),
    campaignId: id,
    campaign: z.string().meta({ description: 'The slug of the campaign' }),
    kind: z.enum(clickKinds).meta({
      description: 'preview: a HEAD or a prefetch. fallback: no offer of the campaign was for the visitor',
    }),
    configVersion: z.int().meta({ description: 'The version of the campaign that the redirect read' }),
    landingPageId: id.nullable(),
    offerId: id.nullable(),
    trafficSourceId: id.nullable(),
    visitorKey: text.meta({
      description: 'The same for one visitor on one UTC day. Null if the visitor wants privacy or was erased',
    }),
    ipPrefix: text.meta({ description: 'The network of the visitor: /24 or /48. The address is not kept' }),
    userAgent: text,
    referrer: text.meta({ description: 'Without query and fragment' }),
    sub1: text,
    sub2: text,
    sub3: text,
    sub4: text,
    sub5: text,
    clickIdParam: text,
    affiliateSub: text,
    affiliateSub2: text,
    country: text,
    asn: z.int().nullable(),
    device: text,
    os: text,
    browser: text,
    isBot: z.boolean(),
    bot: text.meta({ description: 'The part of the User-Agent that names a bot, or `(no agent)`' }),
    hosting: text.meta({ description: 'The hoster to whose network the visitor belongs' }),
    isUnique: z.boolean().nullable().meta({ description: 'The first click of its visitor on that UTC day' }),
    isValid: z.boolean(),
    validity: z.enum(validities),
    reasons: z.array(z.string()).meta({ description: 'The names of the rules that hold' }),
    conversionType: text,
    convertedAt: shownInstant.nullable(),
    erasedAt: shownInstant.nullable(),
    createdAt: shownInstant,
    updatedAt: shownInstant,
  })
  .meta({ id: 'Click' })
export type Click = z.infer<typeof Click>

export const ClickFilter = {
  campaignId: pathId,
  from: instant.optional().meta({ description: 'Clicked at or after' }),
  to: instant.optional().meta({ description: 'Clicked before' }),
  kind: z.enum(clickKinds).optional(),
  validity: z.enum(validities).optional(),
}

export const ClickCursor = z.tuple([z.guid()])

export const ClickEvent = z
  .strictObject({
    id: z.string(),
    type: z.string(),
    data: z.record(z.string(), z.unknown()),
    createdAt: shownInstant,
  })
  .meta({ id: 'ClickEvent' })
export type ClickEvent = z.infer<typeof ClickEvent>

export const ExplainedClick = Click.extend({
  facts: z
    .record(z.string(), z.unknown())
    .meta({ description: 'The facts that the rules compared; a fact that is missing meets no rule' }),
  ruleSetId: id.nullable(),
  rules: z
    .array(
      ShownRule.extend({
        found: z.unknown().meta({ description: 'The fact of this click' }),
      }),
    )
    .meta({ description: 'The rules that hold. The click is invalid from a weight of 100 on' }),
  events: z.array(ClickEvent),
  choice: z.strictObject({
    landingPageId: id.nullable(),
    offerId: id.nullable(),
    recomputed: z.boolean().nullable().meta({
      description:
        'Whether the same choice follows again from the configuration and the visitor key. Null for a fallback and an erased visitor',
    }),
  }),
}).meta({ id: 'ExplainedClick' })
export type ExplainedClick = z.infer<typeof ExplainedClick>

export const NewEvent = z.strictObject({
  id: z.guid().optional().meta({ description: 'The same id again is the same event' }),
  type: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,63}$/, 'Must be lower-case letters, digits and underscores')
    .meta({ examples: ['add_to_cart'] }),
  data: z
    .record(z.string().max(64), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
    .refine((data) => Object.keys(data).length <= 20, 'Must have at most 20 members')
    .optional(),
})
export type NewEvent = z.infer<typeof NewEvent>

export const VisitorPath = z.strictObject({
  key: z
    .string()
    .regex(/^[\w-]{22}$/, 'Must be a visitor key')
    .meta({ description: 'The visitorKey of a click' }),
})

export const Erasure = z
  .strictObject({
    clicks: z.int().meta({ description: 'Clicks from which the visitor was removed' }),
    events: z.int().meta({ description: 'Events of these clicks whose data were removed' }),
    deadMessages: z
      .int()
      .meta({ description: 'Messages that could not be stored, from which the visitor was removed' }),
    receipt: z.strictObject({
      id: z.string(),
      keyDigest: z.string().meta({ description: 'SHA-256 of the visitor key, in hex' }),
      kept: z.array(z.string()).meta({ description: 'Parts that the erasure left' }),
      createdAt: shownInstant,
    }),
  })
  .meta({ id: 'Erasure' })
export type Erasure = z.infer<typeof Erasure>

export const AccountingQuery = z.strictObject({ from: instant, to: instant })

export const ClickAccounting = z
  .strictObject({
    data: z.array(
      z.strictObject({
        minute: shownInstant,
        answered: z.int().meta({ description: 'Clicks that redirects answered: the sum of the others' }),
        stored: z.int(),
        duplicate: z.int(),
        rejected: z.int(),
        dead: z.int().meta({ description: 'Kept as dead letters, which an operator can replay' }),
        waiting: z.int().meta({ description: 'Not yet received' }),
        missing: z.int().meta({ description: 'Not received within 15 minutes after a later message' }),
      }),
    ),
    gaps: z
      .array(
        z.strictObject({
          source: z.string().meta({ description: 'The isolate' }),
          after: shownInstant.nullable(),
          before: shownInstant,
          items: z.int(),
          state: z.enum(['waiting', 'missing']),
        }),
      )
      .meta({ description: 'Between which messages of an isolate clicks were lost, or still wait' }),
  })
  .meta({ id: 'ClickAccounting' })
