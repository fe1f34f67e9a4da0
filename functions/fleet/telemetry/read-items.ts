import { type SQL, sql } from 'drizzle-orm'

/**
 * CTEs that read the items of arrived messages: `known_nodes` and `known_metrics` by their places in a message, `items`,
 * `repeated` messages by the numbers of a boot, and the rejects that this statement `claimed`.
 * An item is a sample `[node, metric, ts, value, channel, quality, reject]`, whose first two are places in the lists of
 * its message, or a reject `{ reason, node, sample, reject }`, or `[]`, which was thinned.
 */
export function readItems(): SQL {
  return sql`
heads as materialized (
  select source, n, at as received_at, shared, (shared ->> 'tenant')::bigint as tenant_id
  from arrived
),
known_nodes as materialized (
  select h.source, h.n, (w.place - 1)::int as place, w.uid, node.id as node_id, node.tenant_id,
    exists (select from fleet.calibrations c where c.node_id = node.id) as is_calibrated
  from heads h
  cross join lateral jsonb_array_elements_text(h.shared -> 'nodes') with ordinality as w (uid, place)
  left join fleet.nodes node on node.uid = w.uid
    and (h.tenant_id is null or node.tenant_id = h.tenant_id)
    and node.lifecycle <> 'DECOMMISSIONED'
),
known_metrics as materialized (
  select h.source, h.n, (w.place - 1)::int as place, w.named ->> 0 as metric, w.named ->> 1 as sent_unit, m.id as metric_id,
    m.unit, m.min, m.max, m.max_rate, m.stuck_after, m.rest_value, m.late_after
  from heads h
  cross join lateral jsonb_array_elements(h.shared -> 'metrics') with ordinality as w (named, place)
  left join fleet.metrics m on m.name = w.named ->> 0
),
items as materialized (
  select a.source, a.n, a.at as received_at, e.pos, e.item, jsonb_typeof(e.item) as kind,
    (e.item ->> 0)::int as node_place, (e.item ->> 1)::int as metric_place,
    to_timestamp((e.item ->> 2)::float8 / 1000) as sent_ts,
    coalesce(to_timestamp((e.item ->> 2)::float8 / 1000), a.at) as ts, (e.item ->> 3)::float8 as raw,
    coalesce(e.item ->> 4, '') as channel, e.item ->> 5 as sent_quality,
    coalesce(e.item ->> 6, e.item ->> 'reject')::uuid as reject_id
  from arrived a
  cross join lateral jsonb_array_elements(a.items) with ordinality as e (item, pos)
),
numbered as materialized (
  select k.node_id, h.source, h.n, h.shared ->> 'boot' as boot_id, (h.shared ->> 'seq')::int as seq, h.received_at,
    (select min(i.ts) from items i where i.source = h.source and i.n = h.n) as first_at,
    row_number() over (
      partition by k.node_id, h.shared ->> 'boot', h.shared ->> 'seq' order by h.source, h.n
    ) as turn
  from heads h
  join known_nodes k using (source, n)
  where h.shared ->> 'seq' is not null
    and k.place = 0
    and k.node_id is not null
),
booted as (
  insert into fleet.node_boots as b (node_id, boot_id, first_at, last_at, seen)
  select node_id, boot_id, coalesce(min(first_at), min(received_at)), max(received_at), range_agg(int4range(seq, seq, '[]'))
  from numbered
  group by node_id, boot_id
  order by node_id, boot_id
  on conflict (node_id, boot_id) do update
  set seen = b.seen + excluded.seen, last_at = greatest(b.last_at, excluded.last_at),
    first_at = least(b.first_at, excluded.first_at)
  returning node_id, boot_id, old.seen as seen_before
),
repeated as materialized (
  select m.source, m.n
  from numbered m
  join booted b using (node_id, boot_id)
  where m.turn > 1
    or b.seen_before @> m.seq
),
-- Race: two messages replay the same rejects. They are locked in one order, and always after the boots.
rejected_before as materialized (
  select r.id
  from fleet.telemetry_rejects r
  where r.id = any(array(select reject_id from items where reject_id is not null))
    and r.replayed_at is null
    and (select count(*) from booted) >= 0
  order by r.id
  for no key update
),
claimed as (
  update fleet.telemetry_rejects r
  set replayed_at = now()
  where r.id = any(array(select id from rejected_before))
    and r.replayed_at is null
  returning r.id
)`
}
