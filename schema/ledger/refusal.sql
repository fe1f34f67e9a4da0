-- Returns the outcome of a command for the SQLSTATE that a trigger raised.
create or replace function ledger.refusal(state text, broken text, about jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select jsonb_strip_nulls(
    jsonb_build_object(
      'ok', false,
      'aggregateId', about -> 'aggregate_id',
      'userId', about -> 'user_id',
      'currency', about -> 'currency'
    ) || case
      when state = 'LS101' then jsonb_build_object('reason', 'version_conflict', 'current', about -> 'current')
      when state = 'LS102'
        then jsonb_build_object('reason', 'insufficient_funds', 'availableMinor', about -> 'available_minor')
      when state = 'LS103' then jsonb_build_object('reason', 'quarantined')
      when state = 'LS104' then jsonb_build_object('reason', 'hold_missing')
      when state = 'LS105' then jsonb_build_object(
        'reason', 'illegal_transition',
        'from', coalesce(about ->> 'was', 'nothing'),
        'to', about ->> 'becomes'
      )
      when broken = 'user_balances_view_available' then jsonb_build_object('reason', 'insufficient_funds')
      else jsonb_build_object('reason', 'amount_out_of_range')
    end
  )
$$;
