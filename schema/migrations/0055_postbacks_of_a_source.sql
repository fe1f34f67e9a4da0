-- no-transaction

create index concurrently if not exists idx_postbacks_out_source
on clicks.postbacks_out using btree (traffic_source_id, state, id desc);

comment on index clicks.idx_postbacks_out_source is 'GET /v1/clicks/postbacks of a source, or of the sources of one owner';
