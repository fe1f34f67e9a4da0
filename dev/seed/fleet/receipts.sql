-- The samples by the minute of their receipt, some refused ones, and the numbers of the batches. $1 is the first minute.
with minutes as (
  select date_trunc('minute', s.received_at, 'UTC') as minute, count(*) as accepted, row_number() over (order by 1) as nth
  from fleet.telemetry_samples s
  where s.ts >= $1::timestamptz
  group by 1
),
refused as materialized (
  select m.minute + interval '20 seconds' as at, m.nth,
    (array['clock_unset', 'out_of_range', 'unit_mismatch', 'unknown_node', 'too_old'])[1 + m.nth / 53 % 5] as reason
  from minutes m
  where m.nth % 53 = 0
),
rejects as (
  insert into fleet.telemetry_rejects (id, tenant_id, node_uid, reason, sample, received_at)
  select uuidv7(r.at - now()), 1,
    case when r.reason = 'unknown_node' then 'nd-ph-00000000' else n.uid end, r.reason,
    jsonb_build_object('metric', 'ph', 'unit', case r.reason when 'unit_mismatch' then 'bar' else 'pH' end,
      'value', case r.reason when 'out_of_range' then 15 else 6.1 end, 'ts', case r.reason
        when 'clock_unset' then '1970-01-01T00:00:07.000Z'
        when 'too_old' then core.iso(r.at - interval '31 days')
        else core.iso(r.at)
      end),
    r.at
  from refused r
  cross join lateral (
    select uid from fleet.nodes where type = 'ph' and lifecycle = 'ACTIVE' order by id offset r.nth / 53 % 5 limit 1
  ) n
),
tallied as (
  insert into fleet.telemetry_minutes (tenant_id, minute, received, accepted, duplicate, late, rejected)
  select 1, m.minute, m.accepted + (m.nth % 41 = 0)::int * 4 + (r.at is not null)::int,
    m.accepted - (m.nth % 61 = 0)::int * 3, (m.nth % 41 = 0)::int * 4, (m.nth % 61 = 0)::int * 3, (r.at is not null)::int
  from minutes m
  left join refused r using (nth)
)
insert into fleet.node_boots (node_id, boot_id, first_at, last_at, seen)
select s.node_id, 'demo-' || s.node_id, $1::timestamptz, max(l.received_at),
  case when s.zone_id = (select id from fleet.zones where tenant_id = 1 order by id offset 6 limit 1)
    and s.node_type = 'ph'
    then '{[1,661),[691,1441)}'::int4multirange else '{[1,1441)}' end
from fleet.zone_slots s
join fleet.telemetry_last l on l.node_id = s.node_id
group by s.node_id, s.zone_id, s.node_type;
