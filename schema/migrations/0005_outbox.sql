create table core.outbox (
  xid xid8 default core.reading_xid() not null,
  seq bigint generated always as identity,
  topic text not null,
  audience text,
  subject text not null,
  type text not null,
  data jsonb not null,
  created_at timestamptz default now() not null,
  constraint outbox_xid_seq_pk primary key(xid,seq),
  constraint outbox_topic_shape check (core.outbox.topic ~ '^[a-z]{2,20}$'),
  constraint outbox_audience_shape check (core.outbox.audience ~ '^[a-z]{2,20}:[!-~]{1,128}$'),
  constraint outbox_subject_length check (char_length(core.outbox.subject) between 1 and 200),
  constraint outbox_type_shape check (core.outbox.type ~ '^[a-z][a-z_.]{1,59}$'),
  constraint outbox_data_is_object check (jsonb_typeof(core.outbox.data) = 'object')
);

grant select, insert, delete on table core.outbox to lockstep_app;
