-- Row type: an event as the caller sends it, with the stream version and the number that it will get.
create or replace view ledger.incoming_events as
select null::integer as place,
  null::text as family,
  null::text as aggregate_id,
  null::text as event_type,
  null::jsonb as event_data,
  null::text as idempotency_key,
  null::integer as expected_version,
  null::timestamptz as occurred_at,
  null::integer as stream_version,
  null::bigint as seq
where false;
