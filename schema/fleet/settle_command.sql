-- Ends a dose: the budget gets back a dose that was not given. A time-out keeps it, because nobody knows whether the pump
-- ran. What may still run is switched off, and that command waits until the node acknowledges it.
create or replace function fleet.settle_command() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.state in ('ERROR', 'NO_EFFECT', 'EXPIRED') and new.kind = 'dose' then
    -- A window that began after the dose does not contain it.
    update fleet.dose_windows w
    set
      hour_used = case
        when w.hour_at <= coalesce(new.slot, new.queued_at) then greatest(w.hour_used - new.amount, 0)
        else w.hour_used
      end,
      day_used = case
        when w.day_at <= coalesce(new.slot, new.queued_at) then greatest(w.day_used - new.amount, 0)
        else w.day_used
      end
    where w.regulator_id = new.regulator_id;
  elsif new.state = 'TIMEOUT' then
    insert into fleet.commands (
      tenant_id, node_id, zone_id, regulator_id, zone_epoch, regulator_epoch, kind, channel, ordered_by, reason
    )
    select
      new.tenant_id, new.node_id, new.zone_id, new.regulator_id, z.epoch, r.epoch, 'off', new.channel, 'system', new.reason
    from fleet.zones z
    left join fleet.regulators r on r.id = new.regulator_id
    where z.id = new.zone_id;
  end if;
  return null;
end
$$;
