-- A higher epoch voids the commands of the lower one: what waits has expired, what may run has timed out and is switched
-- off. A command that switches off stays in force and takes the new epoch.
-- Race: a node takes a command at this moment. The update waits for its row and then sees it as sent, so the node gets an
-- off.
create or replace function fleet.void_commands() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update fleet.commands c
  set
    zone_epoch = case when c.kind = 'off' and tg_table_name = 'zones' then new.epoch else c.zone_epoch end,
    regulator_epoch = case when c.kind = 'off' and tg_table_name = 'regulators' then new.epoch else c.regulator_epoch end,
    state = case when c.kind = 'off' then c.state when c.state = 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end,
    reason = case when c.kind = 'off' then c.reason else 'stale_epoch' end,
    finished_at = case when c.kind = 'off' then c.finished_at else now() end
  where c.state in ('QUEUED', 'SENT', 'ACK')
    and case tg_table_name when 'zones' then c.zone_id else c.regulator_id end = new.id;
  return null;
end
$$;
