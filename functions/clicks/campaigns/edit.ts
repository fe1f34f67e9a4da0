import { type SQL, sql } from 'drizzle-orm'
import { campaigns } from '../../../schema/clicks/tables/campaigns.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { assignments, changeVersion } from '../../core/versioned.ts'
import { cachedCampaigns } from './cached-config.ts'
import { checkDestinations } from './check-destinations.ts'
import type { Campaign, CampaignChange } from './contract.ts'
import { showCampaign } from './show.ts'
import { visibleTo } from './visible.ts'

type Edit = { id: number; version: number; change: CampaignChange }

/** Changes a campaign that is not archived. The redirects of this isolate follow at once, those of others within 5 s. */
export async function editCampaign(
  ctx: Ctx,
  { id, version, change }: Edit,
): Promise<{ ok: true; value: Campaign } | Refused> {
  const refused = checkDestinations(change)
  if (refused) return refused
  const { name, startsAt, endsAt, timezone, fallbackUrl, payoutMinor, capDay, capTotal } = change
  const { referrerPolicy, passQuery, durable, trafficSource } = change
  const edited = await changeVersion<Campaign>(ctx, {
    verb: 'clicks.edit-campaign',
    table: campaigns,
    id,
    version,
    set: [
      ...assignments({
        name,
        starts_at: startsAt,
        ends_at: endsAt,
        timezone,
        fallback_url: fallbackUrl,
        payout_minor: payoutMinor,
        cap_day: capDay,
        cap_total: capTotal,
        referrer_policy: referrerPolicy,
        pass_query: passQuery,
        durable,
        ...costOf(change),
      }),
      ...(trafficSource === undefined
        ? []
        : [sql`traffic_source_id = ${sourceOf(trafficSource, sql`t.owner`)}`]),
      sql`updated_at = now()`,
    ],
    visible: visibleTo(ctx, 'found'),
    refusals: [
      {
        when: sql`found.status = 'archived'`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', found.status, 'to', found.status,
          'detail', 'An archived campaign does not change')`,
      },
      {
        when: sql`${trafficSource ?? null}::text is not null and ${sourceOf(trafficSource ?? null, sql`found.owner`)} is null`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', 'There is no such traffic source')`,
      },
      {
        when: sql`${moment('ends_at', endsAt)} <= ${moment('starts_at', startsAt)}`,
        outcome: sql`jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', 'endsAt must be after startsAt')`,
      },
    ],
    value: showCampaign('changed'),
  })
  if (edited.ok) cachedCampaigns.changed(ctx, edited.value.slug.toLowerCase())
  return edited
}

function costOf({ cost }: CampaignChange) {
  if (cost === undefined) return {}
  const amount = cost !== null && 'amountMinor' in cost ? cost.amountMinor : null
  const percent = cost !== null && 'percent' in cost ? cost.percent : null
  return { cost_model: cost?.model ?? null, cost_minor: amount, cost_percent: percent }
}

function sourceOf(slug: string | null, owner: SQL): SQL {
  return sql`(
    select s.id
    from clicks.traffic_sources s
    where lower(s.slug) = lower(${slug}::text)
      and s.owner = ${owner}
      and s.status = 'active'
  )`
}

/** The moment that the campaign would have after the change. */
function moment(column: 'starts_at' | 'ends_at', given: string | null | undefined): SQL {
  return given === undefined ? sql`found.${sql.identifier(column)}` : sql`${given}::timestamptz`
}
