import * as z from 'zod'
import type { campaignStatuses, costModels, referrerPolicies } from '../../schema/clicks/states.ts'

/**
 * The highest amounts of one click or conversion, in minor units. A quarter hour keeps its sums as 64 bits, the cost in
 * thousandths, and an answer as numbers below 2^53: both hold nine million clicks at this cost and nine thousand
 * conversions at this payout, of which the source gets all.
 */
export const mostCostMinor = 1_000_000_000
export const mostPayoutMinor = 1_000_000_000_000

/** The operating systems, devices and languages that a target may name are those that a User-Agent is read as. */
const words = z.array(z.string().min(1).max(64)).min(1).max(100)

/** For whom an offer or a landing page is. A visitor must meet each member that is given. */
export const Targets = z.strictObject({
  countries: z
    .array(z.string().regex(/^[A-Z]{2}$/, 'Must be two capital letters'))
    .min(1)
    .max(250)
    .optional()
    .meta({ description: 'ISO 3166-1 codes', examples: [['DE', 'AT']] }),
  devices: z
    .array(z.enum(['mobile', 'tablet', 'desktop', 'tv']))
    .min(1)
    .optional(),
  os: words.optional().meta({ examples: [['Android', 'iOS']] }),
  languages: z
    .array(z.string().regex(/^[a-z]{2,3}$/, 'Must be a primary language, such as en'))
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Primary languages, of which Accept-Language names at least one' }),
  query: z
    .record(z.string().min(1).max(64), words)
    .optional()
    .meta({ description: 'For each parameter of the link, the values of which it must have one' }),
  hours: z
    .array(z.int().min(0).max(23))
    .min(1)
    .max(24)
    .optional()
    .meta({ description: 'Hours of the day in the time zone of the campaign' }),
})
export type Targets = z.infer<typeof Targets>

/** An offer or a landing page, as the redirect reads it. */
export type Part = { id: number; name: string; url: string; weight: number; targets: Targets }

/** A campaign as the redirect reads it: clicks.config_of makes it. */
export type Config = {
  id: number
  owner: string
  version: number
  slug: string
  status: (typeof campaignStatuses)[number]
  startsAt: string | null
  endsAt: string | null
  timezone: string
  fallbackUrl: string | null
  currency: string
  payoutMinor: number
  costModel: (typeof costModels)[number] | null
  costMinor: number | null
  costPercent: number | null
  capDay: number | null
  capTotal: number | null
  referrerPolicy: (typeof referrerPolicies)[number]
  passQuery: boolean
  durable: boolean
  source: { id: number; slug: string; paramMap: Record<string, string> } | null
  landingPages: Part[]
  offers: Part[]
}

/** Clicks of a campaign against its caps; `day` is its own day. */
export type Counts = { total: number; day: string; today: number }

/** The columns of a click that a link may fill, with the parameters that fill them unless the source says otherwise. */
export const linkColumns = {
  sub1: 'sub1',
  sub2: 'sub2',
  sub3: 'sub3',
  sub4: 'sub4',
  sub5: 'sub5',
  clickIdParam: 'click_id',
  affiliateSub: 'affiliate_sub',
  affiliateSub2: 'affiliate_sub2',
} as const
export type LinkColumn = keyof typeof linkColumns

/** The names that a destination may have in braces. */
export const macros = [
  'clickid',
  'campaign',
  'source',
  'sub1',
  'sub2',
  'sub3',
  'sub4',
  'sub5',
  'country',
  'device',
  'offerlink',
] as const
/** The fields of a postback, with the parameters that carry them unless the source says otherwise. */
export const postbackFields = {
  clickid: 'clickid',
  type: 'type',
  txid: 'txid',
  payout: 'payout',
  currency: 'currency',
  status: 'status',
} as const
export type PostbackField = keyof typeof postbackFields
