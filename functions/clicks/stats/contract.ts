import * as z from 'zod'
import { dimensions } from '../../../schema/clicks/states.ts'
import { id, instant, shownInstant, timeZone } from '../../http/fields.ts'

/** Groups that the roll-up of quarter hours has; the others come from the dimensions, which are folded. */
const quarterGroups = ['day', 'hour', 'source', 'offer', 'landing'] as const
const groups = [...quarterGroups, ...dimensions] as const
export type Group = (typeof groups)[number]

const moment = z.union([z.iso.date(), instant], 'Must be a day or a moment')
export const mostDays = 400

export const StatsQuery = z
  .strictObject({
    from: moment.optional().meta({
      description: `A day in \`tz\`, or a moment, at most ${mostDays} days before \`to\`. Default: 30 days before \`to\``,
    }),
    to: moment.optional().meta({ description: 'The day or the moment after the last one. Default: now' }),
    tz: timeZone.default('UTC'),
    basis: z.enum(['click', 'conversion']).default('click').meta({
      description: 'Whether a conversion counts at the time of its click or at its own',
    }),
    groupBy: z.enum(groups).optional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || isWithin(from, to), {
    message: `Must be after from, and at most ${mostDays} days`,
    path: ['to'],
  })
  .refine(({ basis, groupBy }) => basis === 'click' || !isDimension(groupBy), {
    message: 'Only days, hours, sources, offers and landing pages count conversions at their own time',
    path: ['basis'],
  })
export type StatsQuery = z.infer<typeof StatsQuery>

function isWithin(from: string, to: string): boolean {
  const ms = Date.parse(to) - Date.parse(from)
  return ms > 0 && ms <= mostDays * 86_400_000
}

export function isDimension(group: Group | undefined): boolean {
  return group !== undefined && !quarterGroups.some((one) => one === group)
}

const count = z.int()
const ratio = z.number().nullable()

/** One row for each group and currency: clicks count under the currency of the campaign, conversions under their own. */
export const StatsRow = z
  .strictObject({
    day: z.string().optional(),
    hour: shownInstant.optional().meta({ description: 'The moment at which the hour of the zone begins' }),
    source: z.string().nullable().optional(),
    sourceId: id.nullable().optional(),
    offer: z.string().nullable().optional(),
    offerId: id.nullable().optional(),
    landing: z.string().nullable().optional(),
    landingId: id.nullable().optional(),
    ...Object.fromEntries(dimensions.map((one) => [one, z.string().nullable().optional()])),
    currency: z.string(),
    clicks: count.meta({ description: 'Each GET but prefetches, those of bots too' }),
    unique: count,
    unkeyed: count.meta({ description: 'Clicks whose visitor cannot be recognized' }),
    valid: count,
    bots: count,
    invalidGeneral: count,
    invalidSophisticated: count,
    previews: count,
    fallbacks: count,
    conversions: count,
    pending: count,
    approved: count,
    rejected: count,
    reversed: count,
    revenueMinor: count.meta({ description: 'Of approved conversions' }),
    costMinor: count,
    profitMinor: count,
    cr: ratio.meta({ description: 'Conversions per click; null without clicks' }),
    epcMinor: ratio.meta({ description: 'Revenue per click; null without clicks' }),
    roi: ratio.meta({ description: 'Profit by cost; null without cost' }),
  })
  .meta({ id: 'ClickStatsRow' })
export type StatsRow = z.infer<typeof StatsRow>

export const Stats = z
  .strictObject({
    asOf: shownInstant,
    timezone: z.string(),
    basis: z.enum(['click', 'conversion']),
    uniqueBasis: z.literal('day').meta({ description: 'A visitor counts once for each UTC day' }),
    data: z.array(StatsRow),
  })
  .meta({ id: 'ClickStats' })
export type Stats = z.infer<typeof Stats>
