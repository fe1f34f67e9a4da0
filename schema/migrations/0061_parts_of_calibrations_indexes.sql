-- no-transaction

create index concurrently if not exists idx_node_boots_first on fleet.node_boots using btree (first_at);

-- The old index serves the running release until the new one is there. An attempt that failed may have left a part of it.
drop index concurrently if exists clicks.idx_postbacks_out_due_new;

create index concurrently if not exists idx_postbacks_out_due_new
on clicks.postbacks_out using btree (traffic_source_id, due_at, id)
where state = 'waiting';

drop index concurrently if exists clicks.idx_postbacks_out_due;

alter index clicks.idx_postbacks_out_due_new rename to idx_postbacks_out_due;

comment on index clicks.idx_postbacks_out_due is 'the postbacks of a source that are due';
