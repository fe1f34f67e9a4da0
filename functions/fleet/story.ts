import { type SQL, sql } from 'drizzle-orm'
import type { Story } from '../core/story.ts'
import { settingOf } from './greenhouses/scope.ts'

const most = 500

export const fleetStory: Story = {
  kinds: {
    node: {
      roles: ['tenant'],
      settings: settingOf,
      id: /^nd-[a-z0-9-]{1,60}$/,
      entries: (_ctx, id) => sql`
select n.first_seen_at as at, 'request' as lane, 'node.registered' as type, n.type as text,
  jsonb_build_object('node', n.uid) as refs, null::bigint as xid
from fleet.nodes n
where n.uid = ${id}
union all ${bindings(sql`n.uid = ${id}`)}
union all ${commands(sql`n.uid = ${id}`)}
union all ${alerts(sql`a.labels ->> 'node' = ${id}`)}`,
    },
    zone: {
      roles: ['tenant'],
      settings: settingOf,
      id: /^[1-9]\d{0,15}$/,
      entries: (_ctx, id) => sql`
${bindings(sql`b.zone_id = ${id}::bigint`)}
union all ${commands(sql`c.zone_id = ${id}::bigint`)}
union all (
  select d.at, 'event', 'decision.' || d.outcome, null,
    jsonb_strip_nulls(jsonb_build_object('zone', d.zone_id, 'regulator', d.regulator_id, 'command', d.command_id)),
    d.written
  from fleet.regulators r
  cross join lateral (
    select d.*, d.xmin::text::bigint as written
    from fleet.decisions d
    where d.regulator_id = r.id
    order by d.at desc
    limit ${most}
  ) d
  where r.zone_id = ${id}::bigint
)
union all ${alerts(sql`a.labels ->> 'zone' = ${id}`)}`,
    },
  },
}

function bindings(which: SQL): SQL {
  return sql`(
  select step.at, 'event' as lane, step.type, null as text,
    jsonb_build_object('node', n.uid, 'zone', b.zone_id) as refs, null::bigint as xid
  from fleet.zone_bindings b
  join fleet.nodes n on n.id = b.node_id
  cross join lateral (
    values (b.from_at, 'node.joined_zone'), (b.until_at, 'node.left_zone')
  ) step (at, type)
  where step.at is not null
    and ${which}
  order by step.at desc
  limit ${most}
)`
}

function commands(which: SQL): SQL {
  return sql`(
  select step.at, step.lane, 'command.' || step.type, case when step.type = 'queued' then 'by ' || c.ordered_by else c.reason end,
    jsonb_strip_nulls(jsonb_build_object(
      'command', c.id, 'node', n.uid, 'zone', c.zone_id, 'regulator', c.regulator_id, 'kind', c.kind
    )), null::bigint
  from (
    select c.*
    from fleet.commands c
    join fleet.nodes n on n.id = c.node_id
    where ${which}
    order by c.id desc
    limit ${most}
  ) c
  join fleet.nodes n on n.id = c.node_id
  cross join lateral (
    values (c.queued_at, 'event', 'queued'), (c.sent_at, 'delivery', 'sent'), (c.acked_at, 'delivery', 'acknowledged'),
      (c.finished_at, 'event', lower(c.state))
  ) step (at, lane, type)
  where step.at is not null
)`
}

function alerts(which: SQL): SQL {
  return sql`(
  select step.at, 'alert', 'alert.' || step.type, a.kind, jsonb_build_object('alert', a.id, 'subject', a.subject), null::bigint
  from (select * from fleet.alerts a where a.raised_at is not null and ${which} order by a.id desc limit ${most}) a
  cross join lateral (
    values (a.raised_at, 'fired'), (a.acked_at, 'acknowledged'), (a.cleared_at, 'resolved')
  ) step (at, type)
  where step.at is not null
)`
}
