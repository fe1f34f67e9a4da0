-- Such a due time means nothing, and the constraint would refuse the row.
update dispatch.orders set due_at = null where due_at < ready_at;

alter table dispatch.orders add constraint orders_due_not_before_ready check (due_at >= ready_at);

comment on index dispatch.idx_orders_created_brin is 'GET /v1/dispatch/stats/days';
