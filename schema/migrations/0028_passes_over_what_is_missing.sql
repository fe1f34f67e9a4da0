create table space.copy_coverage (
  copy text primary key,
  covered datemultirange not null,
  read_at timestamptz not null,
  constraint copy_coverage_copy check (copy in ('approaches', 'cme', 'flr', 'gst', 'notifications')),
  constraint copy_coverage_some check (not isempty(covered))
);

create table space.upstream_misses (
  upstream text not null,
  object text not null,
  failures integer not null,
  reason text not null,
  missed_at timestamptz not null,
  retry_at timestamptz not null,
  constraint upstream_misses_upstream_object_pk primary key(upstream,object),
  constraint upstream_misses_failures check (failures > 0)
);

alter table space.upstream_answers drop constraint upstream_answers_verdict;

alter table space.upstream_answers drop constraint upstream_answers_reason;

alter table space.neo_approaches alter column sentry drop not null;

alter table space.upstream_answers add constraint upstream_answers_verdict check (verdict in ('accepted', 'partial', 'not_modified', 'quarantined'));

alter table space.upstream_answers add constraint upstream_answers_reason check ((verdict in ('quarantined', 'partial')) = (reason is not null));

grant select, insert, update, delete on table space.upstream_misses to lockstep_app;

grant select, insert, update on table space.copy_coverage to lockstep_app;
