-- no-transaction

comment on index ledger.idx_user_balances_view_available is 'GET /v1/ledger/accounts?currency=';
