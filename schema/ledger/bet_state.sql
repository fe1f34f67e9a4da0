-- The state of a bet after an event; null for an unknown event type.
create or replace function ledger.bet_state(event_type text) returns text
language sql immutable parallel safe
return case event_type
  when 'V1_BETS_BET_PLACED' then 'placed'
  when 'V1_BETS_BET_ACCEPTED' then 'accepted'
  when 'V1_BETS_BET_REJECTED' then 'rejected'
  when 'V1_BETS_BET_WON' then 'won'
  when 'V1_BETS_BET_LOST' then 'lost'
  when 'V1_BETS_BET_VOIDED' then 'voided'
  when 'V1_BETS_BET_CANCELLED' then 'cancelled'
  when 'V1_BETS_BET_CASHED_OUT' then 'cashed_out'
end;
