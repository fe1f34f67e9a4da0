-- The tenant of this transaction. The Worker sets it in the same batch; no parameter of a caller can choose it.
create or replace function ledger.tenant() returns bigint
language sql stable parallel safe
return nullif(current_setting('app.tenant_id', true), '')::bigint;
