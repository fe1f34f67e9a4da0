-- no-transaction

create unique index concurrently if not exists idx_alerts_open on ledger.alerts using btree (tenant_id,kind,subject) where resolved_at is null;

create index concurrently if not exists idx_bet_events_feed
on ledger.bet_events using btree (tenant_id, xid, seq);

comment on index ledger.idx_bet_events_feed is 'GET /v1/ledger/events after a cursor, and its stream';

create index concurrently if not exists idx_payment_events_feed
on ledger.payment_events using btree (tenant_id, xid, seq);

comment on index ledger.idx_payment_events_feed is 'GET /v1/ledger/events after a cursor, and its stream';

create index concurrently if not exists idx_balance_events_feed
on ledger.balance_events using btree (tenant_id, xid, seq);

comment on index ledger.idx_balance_events_feed is 'GET /v1/ledger/events after a cursor, and its stream';

create index concurrently if not exists idx_system_events_feed
on ledger.system_events using btree (tenant_id, xid, seq);

comment on index ledger.idx_system_events_feed is 'GET /v1/ledger/events after a cursor, and its stream';

create unique index concurrently if not exists idx_bet_events_key
on ledger.bet_events using btree (tenant_id, idempotency_key)
where idempotency_key is not null;

comment on index ledger.idx_bet_events_key is 'one effect a key, for ever';

create unique index concurrently if not exists idx_payment_events_key
on ledger.payment_events using btree (tenant_id, idempotency_key)
where idempotency_key is not null;

comment on index ledger.idx_payment_events_key is 'one effect a key, for ever';

create unique index concurrently if not exists idx_balance_events_key
on ledger.balance_events using btree (tenant_id, idempotency_key)
where idempotency_key is not null;

comment on index ledger.idx_balance_events_key is 'one effect a key, for ever';

create unique index concurrently if not exists idx_system_events_key
on ledger.system_events using btree (tenant_id, idempotency_key)
where idempotency_key is not null;

comment on index ledger.idx_system_events_key is 'one effect a key, for ever';

create index concurrently if not exists idx_balance_events_account
on ledger.balance_events using btree (tenant_id, user_id, currency, seq);

comment on index ledger.idx_balance_events_account is 'GET /v1/ledger/users/{userId}/statement and …/balances/at; the fold of an account';

create index concurrently if not exists idx_bets_view_user
on ledger.bets_view using btree (tenant_id, user_id, bet_id);

comment on index ledger.idx_bets_view_user is 'GET /v1/ledger/bets?userId=, newest first';

create index concurrently if not exists idx_bets_view_open
on ledger.bets_view using btree (tenant_id, bet_id)
where open;

comment on index ledger.idx_bets_view_open is 'GET /v1/ledger/bets?status= of an open state; whether holds match open bets';

create index concurrently if not exists idx_bets_view_placed_brin
on ledger.bets_view using brin (placed_at)
with (pages_per_range = 32, autosummarize = on);

comment on index ledger.idx_bets_view_placed_brin is 'the refresh of ledger.top_bets_today';

create index concurrently if not exists idx_payments_view_open
on ledger.payments_view using btree (tenant_id, payment_id)
where open;

comment on index ledger.idx_payments_view_open is 'whether holds match requested withdrawals';

create index concurrently if not exists idx_user_balances_view_available
on ledger.user_balances_view using btree (tenant_id, currency, user_id)
where funded;

comment on index ledger.idx_user_balances_view_available is 'accounts with money available';
