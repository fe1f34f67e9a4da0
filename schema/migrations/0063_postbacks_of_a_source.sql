-- no-transaction

drop index concurrently if exists clicks.idx_postbacks_out_due;

create index concurrently if not exists idx_postbacks_out_due
on clicks.postbacks_out using btree (traffic_source_id, due_at, id)
where state = 'waiting';

comment on index clicks.idx_postbacks_out_due is 'the postbacks of a source that are due';
