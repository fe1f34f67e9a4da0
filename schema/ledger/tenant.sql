-- The tenant of this transaction: set by the Worker in the same batch, never a parameter that a caller could choose.
create or replace function ledger.tenant() returns bigint
language sql stable parallel safe
return nullif(current_setting('app.tenant_id', true), '')::bigint
