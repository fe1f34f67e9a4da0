-- no-transaction

create index concurrently if not exists idx_calibrations_due on fleet.calibrations using btree (tenant_id,created_at) where applied_at is null;

create index concurrently if not exists idx_calibrations_served on fleet.calibrations using btree (tenant_id,served_at);
