-- Whether a bet may go from one state to another. `was` is null for the first event.
create or replace function ledger.bet_may_become(was text, becomes text) returns boolean
language sql immutable parallel safe
return case
  when was is null then becomes = 'placed'
  when was = 'placed' then becomes in ('accepted', 'rejected', 'voided', 'cancelled')
  when was = 'accepted' then becomes in ('won', 'lost', 'voided', 'cancelled', 'cashed_out')
  else false
end;
