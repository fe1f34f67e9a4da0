-- no-transaction

comment on index dispatch.idx_orders_created_brin is 'GET /v1/dispatch/stats/days';
