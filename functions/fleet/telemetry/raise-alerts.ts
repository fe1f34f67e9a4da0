import { named, type Statement } from '../../core/named.ts'

/**
 * Alerts about samples, one open alert for each sensor or node: values that do not change, and clocks that are wrong. It
 * clears those whose condition has passed, and that of a full queue after five minutes without a refusal.
 * Race: a consumer raises the alert of the queue meanwhile. There is one open alert of a kind and subject.
 */
export function raiseAlerts(): Statement {
  return named('fleet.raise-alerts')`
with due as materialized (
  select node.tenant_id, 'stuck' as kind, concat_ws('/', node.uid, m.name, nullif(l.channel, '')) as subject,
    jsonb_build_object('node', node.uid, 'metric', m.name, 'channel', l.channel) as labels, l.same_since as since
  from fleet.telemetry_last l
  join fleet.nodes node on node.id = l.node_id
  join fleet.metrics m on m.id = l.metric_id
  where l.quality = 'stuck'
    and node.lifecycle <> 'DECOMMISSIONED'
  union all
  select node.tenant_id, 'clock_skew', node.uid, jsonb_build_object('node', node.uid), min(r.received_at)
  from fleet.telemetry_rejects r
  join fleet.nodes node on node.uid = r.node_uid
    and node.tenant_id = r.tenant_id
  where r.id >= core.first_id(now() - interval '10 minutes')
    and r.reason in ('clock_unset', 'in_future')
  group by node.tenant_id, node.uid
),
cleared as (
  update fleet.alerts a
  set cleared_at = now()
  where a.cleared_at is null
    and (
      a.kind in ('stuck', 'clock_skew') and (a.kind, a.subject) not in (select kind, subject from due)
      or a.kind = 'queue_full' and a.seen_at < now() - interval '5 minutes'
    )
  returning 1
),
raised as (
  insert into fleet.alerts as a (tenant_id, kind, subject, labels, since)
  select tenant_id, kind, subject, labels, since
  from due
  order by kind, subject
  on conflict (kind, subject) where cleared_at is null do update set seen_at = now()
  returning old.id is null as is_new
)
select (select count(*) from cleared)::int as cleared, (select count(*) from raised where is_new)::int as raised`
}
