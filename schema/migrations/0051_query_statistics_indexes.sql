-- no-transaction

create index concurrently if not exists idx_query_stats_begins on core.query_stats using btree (begins);

create index concurrently if not exists idx_query_texts_name on core.query_texts using btree (name);
