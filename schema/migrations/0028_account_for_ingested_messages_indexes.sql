-- no-transaction

create unique index concurrently if not exists dead_messages_message on core.dead_messages using btree (stream,message);

create index concurrently if not exists idx_ingest_sources_incomplete
on core.ingest_sources using btree (stream)
where answered <> items;

comment on index core.idx_ingest_sources_incomplete is 'the gaps of a stream: few sources have one';

create index concurrently if not exists idx_ingest_sources_received
on core.ingest_sources using btree (received_at);

comment on index core.idx_ingest_sources_received is 'the retention of messages, a whole source at a time';

create index concurrently if not exists idx_dead_messages_stream
on core.dead_messages using btree (stream, id)
where replayed_at is null;

comment on index core.idx_dead_messages_stream is 'the dead messages of a stream that wait for a replay';
