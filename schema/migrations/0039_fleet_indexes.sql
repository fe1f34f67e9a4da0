-- no-transaction

create unique index concurrently if not exists alerts_open on fleet.alerts using btree (kind,subject) where cleared_at is null;

create index concurrently if not exists idx_alerts_tenant on fleet.alerts using btree (tenant_id,id);

create index concurrently if not exists idx_commands_waiting on fleet.commands using btree (node_id) where state in ('QUEUED', 'SENT');

create index concurrently if not exists idx_commands_open on fleet.commands using btree (expires_at) where state in ('QUEUED', 'SENT', 'ACK');

create index concurrently if not exists idx_commands_zone on fleet.commands using btree (zone_id,id);

create index concurrently if not exists idx_greenhouses_tenant on fleet.greenhouses using btree (tenant_id,id);

create index concurrently if not exists idx_nodes_tenant on fleet.nodes using btree (tenant_id,id);

create unique index concurrently if not exists zone_bindings_open on fleet.zone_bindings using btree (node_id) where until_at is null;

create index concurrently if not exists idx_zone_bindings_zone on fleet.zone_bindings using btree (zone_id,from_at);

create index concurrently if not exists idx_zones_tenant on fleet.zones using btree (tenant_id,id);

create index concurrently if not exists idx_zones_mode on fleet.zones using btree (mode_until) where mode_until is not null;
