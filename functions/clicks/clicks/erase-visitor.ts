import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { redactDead } from '../../core/redact-dead.ts'
import { visibleTo } from '../campaigns/visible.ts'
import { linkColumns } from '../contract.ts'
import type { Erasure } from './contract.ts'

const linkColumnNames = Object.keys(linkColumns)
const erasedItem = JSON.stringify({
  key: null,
  prefix: null,
  referrer: null,
  asked: null,
  agent: '(erased)',
})

/** Of an erased visitor stays: */
const kept = [
  'the clicks with country, network operator, device, system and browser',
  'the data of events that wait for their click or died on the way',
  'the conversions with their transaction ids, and the fields of their postbacks',
  'unless an admin erases: dead messages that are not valid JSON for Postgres',
  'for a day, the answers to requests with an Idempotency-Key',
]

/**
 * Removes all that could lead from clicks to their visitor: key, network, agent, referrer and the parameters of the link, also in
 * dead messages, which a replay would store, and the data of stored events.
 * The clicks stay and are counted as before. The receipt keeps a digest of the key, so that only its holder can show
 * what was erased.
 * Race: a consumer stores a click of this visitor. It either commits before, and is erased too, or stores its click
 * afterwards; the caller may erase again.
 * Race: an operator replays a dead message of this visitor. Both lock messages before visitors.
 */
export function eraseVisitor(ctx: Ctx, { key }: { key: string }): Promise<Erasure> {
  const isMeant = sql`i.item ->> 'key' = ${key} and exists (
      select from clicks.campaigns c where c.id = (i.item ->> 'campaign')::bigint and ${visibleTo(ctx, 'c')}
    )`
  const by = actorOf(ctx)
  return effect(
    ctx,
    named('clicks.erase-visitor')`
with mine as materialized (
  select k.id, k.campaign_id, k.created_at
  from clicks.clicks k
  join clicks.campaigns c on c.id = k.campaign_id
  where k.ip_hash = ${key}
    and ${visibleTo(ctx, 'c')}
  order by k.id
  for update of k
),
erased as (
  update clicks.clicks k
  set ip_hash = null, ip_prefix = null, user_agent = null, referrer = null, sub1 = null, sub2 = null, sub3 = null,
    sub4 = null, sub5 = null, click_id_param = null, affiliate_sub = null, affiliate_sub2 = null, asked = null,
    facts = k.facts - 'referrerHost', erased_at = now(), updated_at = now()
  from mine m
  where k.id = m.id
  returning k.id
),
emptied as (
  update clicks.events e
  set event_data = '{}'
  where e.click_id in (select id from mine)
    and e.event_data <> '{}'
  returning 1
),
redacted as (${redactDead({
      stream: 'clicks',
      containing: key,
      isMeant,
      // A click without an agent would count as a bot.
      redacted: sql`i.item - ${sql.param(linkColumnNames)}::text[] || ${erasedItem}::jsonb`,
      alsoUnreadable: ctx.principal?.role === 'admin',
    })}
),
forgotten as (
  delete from clicks.visitors v
  using clicks.campaigns c
  where v.visitor_key = ${key}
    and c.id = v.campaign_id
    and ${visibleTo(ctx, 'c')}
    and (select count(*) from redacted) >= 0
  returning 1
),
to_fold as (
  insert into clicks.unfolded (campaign_id, quarter)
  select distinct campaign_id, date_bin('15 minutes', created_at, timestamptz '2000-01-01 00:00:00+00') from mine
),
noted as (
  insert into clicks.erasures (key_digest, clicks, requested_by)
  select encode(sha256(convert_to(${key}, 'UTF8')), 'hex'), (select count(*) from erased), ${by}
  from (select count(*) from forgotten) forgotten_before
  returning id, key_digest, clicks, created_at
)
select ${answer(sql`jsonb_build_object(
  'clicks', clicks,
  'events', (select count(*) from emptied),
  'deadMessages', (select count(*) from redacted),
  'receipt', jsonb_build_object(
    'id', id, 'keyDigest', key_digest, 'kept', ${JSON.stringify(kept)}::jsonb, 'createdAt', core.iso(created_at)
  )
)`)}
from noted`,
  )
}
