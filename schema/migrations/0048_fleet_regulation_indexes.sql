-- no-transaction

drop index concurrently if exists fleet.idx_commands_open;

create index concurrently if not exists idx_regulators_tenant on fleet.regulators using btree (tenant_id,id);

create index concurrently if not exists idx_commands_open on fleet.commands using btree (regulator_id) where state in ('QUEUED', 'SENT', 'ACK');
