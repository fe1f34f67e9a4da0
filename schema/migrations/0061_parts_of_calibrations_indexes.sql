-- no-transaction

create index concurrently if not exists idx_node_boots_first on fleet.node_boots using btree (first_at);
