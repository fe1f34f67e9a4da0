import { named, type Statement } from '../../core/named.ts'
import { postbackTries } from '../rules.ts'

/** Longer than a round can take: a claim that is older belongs to a sender that died. */
const claimSeconds = 180
/**
 * Postbacks of one round, and of one source in it: no source can fill a round with calls that hang. Of each source so
 * many are read, one of each owner in turn, so that neither a long queue nor many sources of one hide another.
 */
const roundLimit = 30
const sourceLimit = 6
const readLimit = 50

/**
 * Claims postbacks that are due. Before, it ends those without a try left, and those whose conversion has moved on: a late
 * repetition must not take it back at the source. It also removes postbacks that ended 30 days ago.
 * Race: two senders claim at once. One locks a due postback; the other skips it, or finds that it is no longer due.
 */
export function claimPostbacks(): Statement {
  return named('clicks.claim-postbacks')`
with open as materialized (
  select p.id, p.traffic_source_id, p.due_at,
    row_number() over (partition by s.owner order by p.nth, p.due_at, p.id) as turn,
    p.tries >= ${postbackTries} or p.give_up_at <= now() as is_over,
    exists (
      select from clicks.postbacks_out later where later.conversion_id = p.conversion_id and later.id > p.id
    ) as is_outdated
  from clicks.traffic_sources s
  cross join lateral (
    select o.*, row_number() over (order by o.due_at, o.id) as nth
    from clicks.postbacks_out o
    where o.traffic_source_id = s.id
      and o.state = 'waiting'
      and o.due_at <= now()
    order by o.due_at, o.id
    limit ${readLimit}
  ) p
  order by turn, p.due_at, p.id
  limit 500
),
ended as (
  update clicks.postbacks_out p
  set state = 'dead', finished_at = now(), outcome = case when o.is_outdated then 'superseded' else 'given up' end
  from open o
  where p.id = o.id
    and p.state = 'waiting'
    and p.due_at <= now()
    and (o.is_over or o.is_outdated)
  returning 1
),
removed as (
  delete from clicks.postbacks_out
  where id in (select id from clicks.postbacks_out order by id limit 1000)
    and finished_at < now() - interval '30 days'
),
due as (
  select id
  from (
    select o.id, o.due_at, o.turn, row_number() over (partition by o.traffic_source_id order by o.turn) as nth
    from open o
    where not o.is_over
      and not o.is_outdated
  ) ranked
  where nth <= ${sourceLimit}
  order by turn, due_at, id
  limit ${roundLimit}
),
taken as materialized (
  select p.id
  from clicks.postbacks_out p
  where p.id in (select id from due)
    and p.state = 'waiting'
    and p.due_at <= now()
  order by p.id
  for update skip locked
),
claimed as (
  update clicks.postbacks_out p
  set tries = p.tries + 1, due_at = now() + make_interval(secs => ${claimSeconds})
  from taken
  where p.id = taken.id
  returning p.*
)
select (select count(*)::int from ended) as ended, coalesce(jsonb_agg(jsonb_build_object(
  'id', p.id::text, 'tries', p.tries, 'template', p.url, 'told', jsonb_build_object(
    'clickId', v.click_id, 'externalId', k.click_id_param, 'type', v.type, 'txid', v.txid, 'status', p.conversion_status,
    'payoutMinor', v.payout_minor::text, 'currency', v.currency, 'campaign', c.slug, 'source', s.slug, 'sub1', k.sub1,
    'sub2', k.sub2, 'sub3', k.sub3, 'sub4', k.sub4, 'sub5', k.sub5
  )
) order by p.id), '[]') as claimed
from claimed p
join clicks.conversions v on v.id = p.conversion_id
join clicks.campaigns c on c.id = v.campaign_id
join clicks.traffic_sources s on s.id = p.traffic_source_id
left join clicks.clicks k on k.id = v.click_id`
}
