create table core.query_marks (
  query_id bigint primary key,
  name text not null,
  calls bigint not null,
  total_ms double precision not null,
  squares_ms double precision not null,
  rows bigint not null,
  blocks_hit bigint not null,
  blocks_read bigint not null,
  temp_bytes bigint not null,
  wal_bytes numeric not null,
  stats_since timestamptz not null,
  read_at timestamptz not null
);

create table core.query_reads (
  id smallint primary key,
  read_at timestamptz not null,
  removed bigint not null,
  evicted_at timestamptz,
  statements integer not null,
  constraint query_reads_one check (core.query_reads.id = 1)
);

create table core.query_stats (
  name text not null,
  minutes smallint not null,
  begins timestamptz not null,
  calls bigint not null,
  total_ms double precision not null,
  squares_ms double precision not null,
  rows bigint not null,
  blocks_hit bigint not null,
  blocks_read bigint not null,
  temp_bytes bigint not null,
  wal_bytes numeric not null,
  resets integer not null,
  constraint query_stats_name_minutes_begins_pk primary key(name,minutes,begins),
  constraint query_stats_minutes check (core.query_stats.minutes in (5, 60))
);

create table core.query_texts (
  query_id bigint primary key,
  name text not null,
  text text not null,
  first_seen_at timestamptz default now() not null,
  last_seen_at timestamptz default now() not null
);

create or replace function core.own_statements()
returns table (
  query_id bigint,
  name text,
  query text,
  calls bigint,
  total_ms double precision,
  squares_ms double precision,
  rows bigint,
  blocks_hit bigint,
  blocks_read bigint,
  temp_bytes bigint,
  wal_bytes numeric,
  stats_since timestamptz,
  removed bigint
)
language plpgsql stable
set search_path = ''
as $$
declare
  place text := (
    select n.nspname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements'
  );
begin
  if place is null then
    return;
  end if;
  return query execute pg_catalog.format($query$
    select s.queryid, pg_catalog.substring(s.query, '/\* ([a-z]+\.[a-z0-9_-]+) \*/'), s.query, s.calls,
      s.total_exec_time, (s.stddev_exec_time ^ 2 + s.mean_exec_time ^ 2) * s.calls, s.rows,
      s.shared_blks_hit, s.shared_blks_read, (s.temp_blks_read + s.temp_blks_written) * 8192, s.wal_bytes,
      s.stats_since, i.dealloc
    from %1$I.pg_stat_statements s
    cross join %1$I.pg_stat_statements_info i
    where s.toplevel
      and s.userid = (select oid from pg_catalog.pg_roles where rolname = current_user)
      and s.dbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
      and s.query ~ '^\s*(select|with|insert|update|delete|merge|values) /\* [a-z]+\.[a-z0-9_-]+ \*/'
  $query$, place);
exception
  when undefined_table or undefined_column or insufficient_privilege or object_not_in_prerequisite_state then
    return;
end
$$;
revoke execute on function core.own_statements() from public;
grant execute on function core.own_statements() to lockstep_app;

create or replace function core.explain_query(bigint)
returns text
language plpgsql volatile
set search_path = ''
as $$
declare
  line text;
  plan text := '';
begin
  for line in execute 'explain (generic_plan) ' || (select t.text from core.query_texts t where t.query_id = $1) loop
    plan := plan || line || e'\n';
  end loop;
  return nullif(plan, '');
exception
  when others then
    return null;
end
$$;
revoke execute on function core.explain_query(bigint) from public;
grant execute on function core.explain_query(bigint) to lockstep_app;

grant select, insert, update, delete on table core.query_marks to lockstep_app;

grant select, insert, update, delete on table core.query_texts to lockstep_app;

grant select, insert, update, delete on table core.query_stats to lockstep_app;

grant select, insert, update, delete on table core.query_reads to lockstep_app;
