-- The kind and status of a payment after an event; null for an unknown event type.
create or replace function ledger.payment_state(event_type text) returns text
language sql immutable parallel safe
return case event_type
  when 'V1_PAYMENTS_DEPOSIT_REQUESTED' then 'deposit requested'
  when 'V1_PAYMENTS_DEPOSIT_COMPLETED' then 'deposit completed'
  when 'V1_PAYMENTS_DEPOSIT_FAILED' then 'deposit failed'
  when 'V1_PAYMENTS_DEPOSIT_CHARGED_BACK' then 'deposit charged_back'
  when 'V1_PAYMENTS_WITHDRAWAL_REQUESTED' then 'withdrawal requested'
  when 'V1_PAYMENTS_WITHDRAWAL_COMPLETED' then 'withdrawal completed'
  when 'V1_PAYMENTS_WITHDRAWAL_REJECTED' then 'withdrawal rejected'
end;
