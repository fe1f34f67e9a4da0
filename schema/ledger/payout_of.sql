-- Stake times odds, rounded half to even. round() alone rounds halves away from zero.
create or replace function ledger.payout_of(stake bigint, odds numeric) returns numeric
language sql immutable parallel safe
return case
  when stake * odds - trunc(stake * odds) = 0.5 and trunc(stake * odds) % 2 = 0 then trunc(stake * odds)
  else round(stake * odds)
end;
