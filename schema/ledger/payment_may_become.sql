-- Whether a payment may go from one state to another. `was` is null for the first event.
create or replace function ledger.payment_may_become(was text, becomes text) returns boolean
language sql immutable parallel safe
return case
  when was is null then becomes in ('deposit requested', 'withdrawal requested')
  when was = 'deposit requested' then becomes in ('deposit completed', 'deposit failed')
  when was = 'deposit completed' then becomes = 'deposit charged_back'
  when was = 'withdrawal requested' then becomes in ('withdrawal completed', 'withdrawal rejected')
  else false
end;
