-- A higher epoch voids the commands of the lower one: what waits has expired, what may run has timed out and is switched
-- off. A command that switches off stays in force and takes the new epoch.
-- Race: a node takes a command at this moment. The lock waits for its row, and the update then sees it as sent, so the node
-- gets an off. Each statement locks commands in the order of their ids.
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
