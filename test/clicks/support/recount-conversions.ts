import type pg from 'pg'

type Client = pg.ClientBase | pg.Pool

/** Quarters whose counters of conversions differ from a count of the conversions, by their clicks and by their own time. */
export async function wrongConversions(client: Client): Promise<unknown[]> {
  const counts = (prefix: string) => `
    count(*)::bigint as ${prefix}conversions,
    count(*) filter (where v.status = 'pending')::bigint as ${prefix}pending,
    count(*) filter (where v.status = 'approved')::bigint as ${prefix}approved,
    count(*) filter (where v.status = 'rejected')::bigint as ${prefix}rejected,
    count(*) filter (where v.status = 'reversed')::bigint as ${prefix}reversed,
    coalesce(sum(v.payout_minor) filter (where v.status = 'approved'), 0)::bigint as ${prefix}revenue`
  const kept = (prefix: string) => `
    sum(${prefix}conversions)::bigint, sum(${prefix}pending)::bigint, sum(${prefix}approved)::bigint,
    sum(${prefix}rejected)::bigint, sum(${prefix}reversed)::bigint, sum(${prefix}revenue_minor)::bigint`
  const compare = (name: string, prefix: string, moment: string) => `
    select '${name}' as which, * from (
      (
        select v.campaign_id, date_bin('15 minutes', ${moment}, timestamptz '2000-01-01 00:00:00+00') as quarter,
          coalesce(v.campaign_offer_id, 0) as offer, v.currency, ${counts('')}
        from clicks.conversions v
        join clicks.clicks c on c.id = v.click_id
        group by 1, 2, 3, 4
        except
        select campaign_id, quarter, campaign_offer_id, currency, ${kept(prefix)}
        from clicks.campaign_stats
        group by 1, 2, 3, 4
      )
      union all
      (
        select campaign_id, quarter, campaign_offer_id, currency, ${kept(prefix)}
        from clicks.campaign_stats
        group by 1, 2, 3, 4
        having sum(${prefix}conversions) <> 0 or sum(${prefix}revenue_minor) <> 0
        except
        select v.campaign_id, date_bin('15 minutes', ${moment}, timestamptz '2000-01-01 00:00:00+00'),
          coalesce(v.campaign_offer_id, 0), v.currency, ${counts('')}
        from clicks.conversions v
        join clicks.clicks c on c.id = v.click_id
        group by 1, 2, 3, 4
      )
    ) differing`
  const { rows } = await client.query(
    `${compare('by click', '', 'c.created_at')} union all ${compare('by own time', 'own_', 'v.created_at')}`,
  )
  return rows
}
