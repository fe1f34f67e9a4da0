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
      when state = 'LS106' then jsonb_build_object(
        'reason', 'hold_missing',
        'heldMinor', about -> 'held',
        'reservesMinor', about -> 'reserves',
        'missing', case
          when (about ->> 'held')::bigint < (about ->> 'reserves')::bigint then 'V1_BALANCES_BALANCE_RESERVED'
          else 'V1_BALANCES_BALANCE_RELEASED'
        end,
        'missingMinor', abs((about ->> 'held')::bigint - (about ->> 'reserves')::bigint),
        'detail', format(
          'Stream %s would hold %s of %s %s, and its open bet or withdrawal reserves %s: append the missing event of the same stream in this batch',
          about ->> 'aggregate_id', about ->> 'held', about ->> 'user_id', about ->> 'currency', about ->> 'reserves'
        )
      )
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
