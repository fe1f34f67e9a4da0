-- Tells the tenant that a command is void: its epoch has passed, or its node left the zone. As a trigger it covers each statement
-- that voids commands, those of void_commands among them.
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
