create schema webhooks;

grant usage on schema webhooks to lockstep_app;

-- Rows, indexes, identity sequences, constraints, grants and comments move with their table.
alter table core.webhooks set schema webhooks;

alter table core.webhook_deliveries set schema webhooks;

alter table core.webhook_attempts set schema webhooks;
