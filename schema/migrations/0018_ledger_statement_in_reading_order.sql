-- no-transaction

drop index concurrently if exists ledger.idx_balance_events_account;

create index concurrently if not exists idx_balance_events_account
on ledger.balance_events using btree (tenant_id, user_id, currency, xid, seq);

comment on index ledger.idx_balance_events_account is 'GET /v1/ledger/users/{userId}/statement and …/balances/at; the fold of an account';
