alter table fleet.calibrations add column served_at timestamptz;

create or replace function fleet.void_commands() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  with waiting as materialized (
    select c.id
    from fleet.commands c
    where c.state in ('QUEUED', 'SENT', 'ACK')
      and case tg_table_name when 'zones' then c.zone_id else c.regulator_id end = new.id
    order by c.id
    for no key update
  )
  update fleet.commands c
  set
    zone_epoch = case when c.kind = 'off' and tg_table_name = 'zones' then new.epoch else c.zone_epoch end,
    regulator_epoch = case when c.kind = 'off' and tg_table_name = 'regulators' then new.epoch else c.regulator_epoch end,
    state = case when c.kind = 'off' then c.state when c.state = 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end,
    reason = case when c.kind = 'off' then c.reason else 'stale_epoch' end,
    finished_at = case when c.kind = 'off' then c.finished_at else now() end
  from waiting
  where c.id = waiting.id
    and c.state in ('QUEUED', 'SENT', 'ACK');
  return null;
end
$$;
