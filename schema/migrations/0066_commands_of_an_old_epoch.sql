create or replace function fleet.tell_voided() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform core.emit(
    'fleet',
    'tenant:' || new.tenant_id,
    array['command:' || new.id],
    array['command.voided'],
    array[jsonb_build_object(
      'id', new.id,
      'uid', (select n.uid from fleet.nodes n where n.id = new.node_id),
      'zoneId', new.zone_id,
      'kind', new.kind,
      'state', new.state,
      'reason', new.reason
    )]
  );
  return null;
end
$$;

create or replace trigger commands_tell_voided
after update on fleet.commands
for each row
when (new.state <> old.state and new.state in ('EXPIRED', 'TIMEOUT') and new.reason in ('stale_epoch', 'node_left_zone', 'node_decommissioned'))
execute function fleet.tell_voided();
