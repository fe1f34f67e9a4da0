-- Trigger function: emits an event when an account falls below zero, by any path.
create or replace function ledger.emit_overdrawn() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform core.emit('ledger', 'tenant:' || new.tenant_id, array['account:' || new.user_id || ':' || new.currency],
    array['account.overdrawn'], array[jsonb_build_object(
      'userId', new.user_id, 'currency', new.currency, 'balanceMinor', new.balance_minor,
      'reservedMinor', new.reserved_minor, 'availableMinor', new.available_minor
    )]);
  return null;
end
$$;
