import { type SQL, sql } from 'drizzle-orm'
import { conversionStatuses } from '../../../schema/clicks/states.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { convert } from './convert.ts'

/** So many parked postbacks in one portion of the job. */
const portion = 500
/** So long a parked postback waits for its click. */
const days = 7

/**
 * Converts parked postbacks whose click has come, and gives up those that have waited for seven days. Of several for one
 * conversion, one is taken in each portion, the highest status first; the others are then duplicates.
 * It also gives up a postback whose payout is above the limit in the currency of its campaign, and counts it as refused:
 * left open, it would stand in every portion.
 * Race: the owner matches one of them by hand. The job skips a locked postback, and a matched one is not open.
 */
export function matchOrphans(): Statement {
  return named('clicks.match-orphans')`
with wanted as materialized (
  select distinct on (o.click_id, o.type, o.txid) o.id
  from clicks.orphan_postbacks o
  where o.state = 'open'
    and ${hasClick('o')}
  order by o.click_id, o.type, o.txid,
    array_position(${sql.param([...conversionStatuses])}::text[], o.status) desc, o.id
  limit ${portion}
),
taken as materialized (
  select o.*
  from clicks.orphan_postbacks o
  where o.id in (select id from wanted)
    and o.state = 'open'
  order by o.click_id, o.type, o.txid
  for update skip locked
),
reported as materialized (
  select t.id as n, t.owner, t.traffic_source_id as source_id, t.click_id, t.type, t.txid, t.status, t.payout_minor,
    t.currency, case when t.payout_minor is null then (t.data ->> 'payout')::numeric end as amount, t.data, t.received_at
  from taken t
),
${convert({ rounded: true })},
matched as (
  update clicks.orphan_postbacks o
  set state = 'matched', decided_at = now(), matched_click_id = d.click_id
  from decided d
  where o.id = d.n
  returning 1
),
refused as (
  update clicks.orphan_postbacks o
  set state = 'expired', decided_at = now()
  from priced p
  where o.id = p.n
    and not p.is_countable
  returning 1
),
expired as (
  update clicks.orphan_postbacks o
  set state = 'expired', decided_at = now()
  where o.id in (
      select e.id
      from clicks.orphan_postbacks e
      where e.state = 'open'
        and e.received_at < now() - make_interval(days => ${days})
        and e.id not in (select id from wanted)
        -- A later portion matches it.
        and not ${hasClick('e')}
      order by e.received_at
      limit ${portion}
      for update skip locked
    )
    and o.state = 'open'
  returning 1
),
done as (
  select (select count(*) from matched) as matched, (select count(*) from refused) as refused,
    (select count(*) from expired) as expired
)
select ${answer(sql`jsonb_build_object(
  'rows', matched + refused + expired, 'matched', matched, 'refused', refused, 'expired', expired,
  'more', matched + refused > 0 or expired = ${portion},
  'outcome', case when matched + refused + expired = 0 then 'skipped' else 'ok' end
)`)}
from done`
}

/** The offset keeps Postgres from joining, for which it would read all clicks: it looks each one up by its id. */
function hasClick(orphan: 'o' | 'e'): SQL {
  const parked = sql.identifier(orphan)
  return sql`exists (
      select
      from clicks.clicks c
      join clicks.campaigns p on p.id = c.campaign_id
      where c.id = ${parked}.click_id
        and p.owner = ${parked}.owner
      offset 0
    )`
}
