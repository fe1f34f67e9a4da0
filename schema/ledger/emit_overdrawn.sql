-- Trigger function: emits an event when an account falls below zero, by any path.
create or replace function ledger.emit_overdrawn() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into core.outbox (topic, audience, subject, type, data)
  values ('ledger', 'tenant:' || new.tenant_id, 'account:' || new.user_id || ':' || new.currency, 'account.overdrawn',
    jsonb_build_object(
      'userId', new.user_id, 'currency', new.currency, 'balanceMinor', new.balance_minor,
      'reservedMinor', new.reserved_minor, 'availableMinor', new.available_minor
    ));
  return null;
end
$$;
