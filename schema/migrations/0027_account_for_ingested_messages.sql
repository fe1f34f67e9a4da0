create table core.dead_messages (
  id bigint primary key generated always as identity,
  stream text not null,
  message text not null,
  source uuid,
  n integer,
  items integer,
  body text not null,
  reason text not null,
  attempts integer not null,
  created_at timestamptz default now() not null,
  replayed_at timestamptz
);

create table core.ingest_messages (
  stream text not null,
  source uuid not null,
  n integer not null,
  at timestamptz not null,
  answered bigint not null,
  items integer not null,
  dead boolean default false not null,
  received_at timestamptz default now() not null,
  constraint ingest_messages_stream_source_n_pk primary key(stream,source,n),
  constraint ingest_messages_counts check (core.ingest_messages.n > 0 and core.ingest_messages.items > 0 and core.ingest_messages.answered >= core.ingest_messages.items)
);

create table core.ingest_minutes (
  stream text not null,
  minute timestamptz not null,
  items bigint default 0 not null,
  stored bigint default 0 not null,
  duplicate bigint default 0 not null,
  rejected bigint default 0 not null,
  dead bigint default 0 not null,
  missing bigint default 0 not null,
  constraint ingest_minutes_stream_minute_pk primary key(stream,minute),
  constraint ingest_minutes_accounted check (core.ingest_minutes.items = core.ingest_minutes.stored + core.ingest_minutes.duplicate + core.ingest_minutes.rejected + core.ingest_minutes.dead)
);

create table core.ingest_sources (
  stream text not null,
  source uuid not null,
  answered bigint not null,
  items bigint not null,
  messages integer not null,
  last_at timestamptz not null,
  received_at timestamptz default now() not null,
  constraint ingest_sources_stream_source_pk primary key(stream,source),
  constraint ingest_sources_total check (core.ingest_sources.answered >= core.ingest_sources.items)
);

grant select, insert, update, delete on table core.ingest_messages to lockstep_app;

grant select, insert, update, delete on table core.ingest_sources to lockstep_app;

grant select, insert, update, delete on table core.ingest_minutes to lockstep_app;

grant select, insert, update, delete on table core.dead_messages to lockstep_app;
