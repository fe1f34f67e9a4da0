import * as z from 'zod'
import { campaignStatuses, partStatuses, referrerPolicies } from '../../../schema/clicks/states.ts'
import { Currency, id, instant, pathId, shownInstant, timeZone } from '../../http/fields.ts'
import { mostCostMinor, mostPayoutMinor, Targets } from '../contract.ts'

const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((value) => /[^\p{Z}\p{C}]/u.test(value), 'Must not be blank')

export const Slug = z
  .string()
  .regex(/^[a-z0-9-]{1,64}$/i, 'Must be 1 to 64 letters, digits and hyphens')
  .meta({ description: 'Unique in any case', examples: ['spring'] })

/** The rules of a destination are checked by the verb, which answers `destination_invalid`. */
const url = z.string().min(1).max(2_000)

const minor = z.int().min(0).max(mostPayoutMinor)

const part = {
  name: text(200),
  url: url.meta({
    description: 'Sent byte for byte, with its macros replaced',
    examples: ['https://shop.example/a?cid={clickid}&s={sub1}'],
  }),
  weight: z.int().min(0).max(10_000).meta({ description: 'Its share of the visitors; 0 stops it' }),
  targets: Targets,
}

export const NewPart = z
  .strictObject({ ...part, weight: part.weight.default(1), targets: part.targets.default({}) })
  .meta({ id: 'NewClickDestination' })
export type NewPart = z.infer<typeof NewPart>

export const PartChange = z
  .strictObject({ ...part, status: z.enum(partStatuses) })
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'Name at least one field')
  .meta({ id: 'ClickDestinationChange' })
export type PartChange = z.infer<typeof PartChange>

const shownPart = { id, ...part, url: z.string(), status: z.enum(partStatuses) }
export const ShownPart = z.strictObject(shownPart).meta({ id: 'ClickDestination' })
export type ShownPart = z.infer<typeof ShownPart>

/** A part has the version of its campaign, because a change of a part is a change of the campaign. */
export const VersionedPart = z
  .strictObject({ ...shownPart, version: z.int().meta({ description: 'The version of the campaign' }) })
  .meta({ id: 'VersionedClickDestination' })
export type VersionedPart = z.infer<typeof VersionedPart>

const Cost = z
  .discriminatedUnion('model', [
    z.strictObject({
      model: z.enum(['cpc', 'cpm', 'cpa']),
      amountMinor: z.int().min(0).max(mostCostMinor),
    }),
    z.strictObject({ model: z.literal('revshare'), percent: z.number().min(0).max(100).multipleOf(0.01) }),
  ])
  .meta({
    id: 'ClickCost',
    description:
      'Paid for each click (cpc), a thousand clicks (cpm), an approved conversion (cpa), or as a percentage of the revenue. At the highest amount a report still adds up nine million clicks exactly',
  })
export type Cost = z.infer<typeof Cost>

const fields = {
  name: text(200),
  startsAt: instant.nullable(),
  endsAt: instant.nullable(),
  timezone: timeZone.meta({ description: 'Days of caps and hours of targets are in this zone' }),
  fallbackUrl: url
    .nullable()
    .meta({ description: 'For visitors whom no offer is for, and while it is closed' }),
  payoutMinor: minor.meta({
    description:
      'Of a conversion whose postback names none. At the highest payout a report still adds up nine thousand conversions exactly',
  }),
  cost: Cost.nullable(),
  capDay: z.int32().min(1).nullable(),
  capTotal: z.int32().min(1).nullable(),
  referrerPolicy: z.enum(referrerPolicies),
  passQuery: z.boolean().meta({ description: 'Pass on parameters that no column of the click takes' }),
  durable: z.boolean().meta({ description: 'Redirect only after the click has been accepted' }),
  trafficSource: Slug.nullable().meta({ description: 'The slug of the source that sends the visitors' }),
}

const most = 50

export const NewCampaign = z
  .strictObject({
    slug: Slug,
    ...fields,
    startsAt: fields.startsAt.default(null),
    endsAt: fields.endsAt.default(null),
    timezone: fields.timezone.default('UTC'),
    fallbackUrl: fields.fallbackUrl.default(null),
    currency: Currency,
    payoutMinor: fields.payoutMinor.default(0),
    cost: fields.cost.default(null),
    capDay: fields.capDay.default(null),
    capTotal: fields.capTotal.default(null),
    referrerPolicy: fields.referrerPolicy.default('strict-origin-when-cross-origin'),
    passQuery: fields.passQuery.default(false),
    durable: fields.durable.default(false),
    trafficSource: fields.trafficSource.default(null),
    offers: z.array(NewPart).max(most).default([]),
    landingPages: z.array(NewPart).max(most).default([]),
  })
  .refine(({ startsAt, endsAt }) => startsAt === null || endsAt === null || isBefore(startsAt, endsAt), {
    message: 'Must be after startsAt',
    path: ['endsAt'],
  })
  .meta({ id: 'NewCampaign' })
export type NewCampaign = z.infer<typeof NewCampaign>

const isBefore = (one: string, other: string) => Date.parse(one) < Date.parse(other)

/** Each item is validated by itself, so that a wrong one does not affect the others. */
export const CampaignBatch = z.strictObject({ campaigns: z.array(z.unknown()).min(1).max(100) })
export const DescribedCampaignBatch = z
  .strictObject({ campaigns: z.array(NewCampaign).min(1).max(100) })
  .meta({ id: 'CampaignBatch' })

export const CampaignChange = z
  .strictObject(fields)
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'Name at least one field')
  .meta({ id: 'CampaignChange', description: 'The slug and the currency of a campaign stay as they are' })
export type CampaignChange = z.infer<typeof CampaignChange>

const listed = {
  id,
  owner: z.string().meta({ description: '`admin`, or `partner:` and the sub of its token' }),
  slug: z.string(),
  status: z.enum(campaignStatuses),
  ...fields,
  startsAt: shownInstant.nullable(),
  endsAt: shownInstant.nullable(),
  timezone: z.string(),
  fallbackUrl: z.string().nullable(),
  currency: z.string(),
  trafficSource: z.string().nullable(),
  version: z.int(),
  createdAt: shownInstant,
  updatedAt: shownInstant,
}

export const ListedCampaign = z.strictObject(listed).meta({ id: 'ListedCampaign' })
export type ListedCampaign = z.infer<typeof ListedCampaign>

export const Campaign = z
  .strictObject({ ...listed, offers: z.array(ShownPart), landingPages: z.array(ShownPart) })
  .meta({ id: 'Campaign' })
export type Campaign = z.infer<typeof Campaign>

const ItemProblem = z
  .looseObject({ code: z.string(), title: z.string(), detail: z.string() })
  .meta({ id: 'CampaignProblem' })

export const CampaignBatchAnswer = z
  .union([
    z.strictObject({ index: z.int(), ok: z.literal(true), campaign: Campaign }),
    z.strictObject({ index: z.int(), ok: z.literal(false), problem: ItemProblem }),
  ])
  .meta({ id: 'CampaignBatchAnswer' })

export const CampaignFilter = {
  status: z.enum(campaignStatuses).optional(),
  owner: z.string().max(140).optional().meta({ description: 'For an admin: the campaigns of this owner' }),
}

export const IdCursor = z.tuple([id])

export const PartPath = z.strictObject({
  id: pathId.meta({ description: 'The id of the campaign' }),
  partId: pathId.meta({ description: 'The id of the offer or landing page' }),
})

export const Clone = z.strictObject({ slug: Slug, name: text(200).optional() }).meta({ id: 'CampaignClone' })
export type Clone = z.infer<typeof Clone>

const shortTexts = z.record(z.string().min(1).max(64), z.string().max(500))

/** A visitor that is made up. Without a visitor key the choice is that of a random click. */
export const TestVisit = z
  .strictObject({
    query: shortTexts.default({}).meta({ description: 'The parameters of the link' }),
    country: z
      .string()
      .regex(/^[A-Z]{2}$/)
      .nullable()
      .default(null),
    device: z.string().max(20).nullable().default('desktop'),
    os: z.string().max(64).nullable().default(null),
    languages: z
      .array(z.string().regex(/^[a-z]{2,3}$/))
      .max(20)
      .default([]),
    visitorKey: z.string().min(1).max(64).optional(),
  })
  .default({ query: {}, country: null, device: 'desktop', os: null, languages: [] })
  .meta({ id: 'CampaignTest' })
export type TestVisit = z.infer<typeof TestVisit>

const chosen = z.strictObject({ id, name: z.string() }).nullable()

export const TestResult = z
  .strictObject({
    leadsTo: z.enum(['landing_page', 'offer', 'fallback', 'nothing']),
    closedFor: z.enum(['archived', 'paused', 'not_begun', 'ended', 'capped']).nullable(),
    landingPage: chosen,
    offer: chosen,
    location: z.string().nullable().meta({ description: 'Where the visitor would be sent; null is a 404' }),
  })
  .meta({ id: 'CampaignTestResult' })
export type TestResult = z.infer<typeof TestResult>
