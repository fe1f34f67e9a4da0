import { type SQL, sql } from 'drizzle-orm'

/** Columns over `clicks.campaigns c`: the configuration by which visitors are sent on, and the counts that its caps need. */
export function configNow(): SQL {
  return sql`clicks.config_of(c.id) as config,
  (
    select jsonb_build_object('total', n.total, 'day', n.day, 'today', n.today)
    from clicks.campaign_counts n
    where n.campaign_id = c.id
  ) as counts`
}
