-- Distributes the ledger over a Citus cluster by tenant. The owner runs it once on the coordinator, after the
-- migrations and before any data. Every key begins with tenant_id, no reference crosses tenants, and every
-- statement names its tenant. Each command therefore runs on one node. A test compares this list and the keys
-- with the schema.
--
-- Statement triggers update the views. Citus allows them on distributed tables only with the setting below. Each
-- trigger writes rows of the same tenant, on the same node. A position (xid, seq) belongs to the node of its
-- tenant. After a move of its shard, subscribers must read a tenant's feed again from the beginning.
set citus.enable_unsafe_triggers = on;

select create_distributed_table('ledger.bet_events', 'tenant_id', colocate_with => 'none');
select create_distributed_table('ledger.payment_events', 'tenant_id', colocate_with => 'ledger.bet_events');
select create_distributed_table('ledger.balance_events', 'tenant_id', colocate_with => 'ledger.bet_events');
select create_distributed_table('ledger.system_events', 'tenant_id', colocate_with => 'ledger.bet_events');
select create_distributed_table('ledger.bets_view', 'tenant_id', colocate_with => 'ledger.bet_events');
select create_distributed_table('ledger.payments_view', 'tenant_id', colocate_with => 'ledger.bet_events');
select create_distributed_table('ledger.user_balances_view', 'tenant_id', colocate_with => 'ledger.bet_events');
select create_distributed_table('ledger.balance_deltas', 'tenant_id', colocate_with => 'ledger.bet_events');
select create_distributed_table('ledger.alerts', 'tenant_id', colocate_with => 'ledger.bet_events');
select create_distributed_table('ledger.invariant_checks', 'tenant_id', colocate_with => 'ledger.bet_events');
