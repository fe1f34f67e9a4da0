-- Distributes the ledger over a Citus cluster by tenant: run once, as the owner, on the coordinator, after the migrations
-- and before any data. Every key begins with tenant_id, no key and no reference crosses tenants, and every statement
-- names its tenant, so each command runs on one node. A test holds this list and the keys against the schema.
--
-- The views are kept by statement triggers, which Citus allows on distributed tables only when told to; each trigger
-- writes rows of the same tenant, on the same node. Positions (xid, seq) are those of the tenant's node: a tenant's feed
-- must be read anew after its shard is moved.
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
