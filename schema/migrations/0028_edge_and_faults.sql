drop function space.drop_log_months(timestamptz);

drop function space.keep_log_month(timestamptz);

drop view ledger.top_bets;

drop materialized view ledger.top_bets_today;

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

create table core.partitioned (
  relation text primary key,
  key text not null,
  every text not null,
  ahead integer not null,
  kept integer not null,
  folded_by text,
  constraint partitioned_relation_shape check (core.partitioned.relation ~ '^[a-z_]{1,30}[.][a-z_]{1,50}$'),
  constraint partitioned_key check (core.partitioned.key in ('time', 'id')),
  constraint partitioned_every check (core.partitioned.every in ('day', 'month')),
  constraint partitioned_ahead check (core.partitioned.ahead between 1 and 60),
  constraint partitioned_kept check (core.partitioned.kept between 1 and 1000)
);

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
  constraint upstream_misses_failures check (failures >= 0)
);

alter table space.upstream_answers drop constraint upstream_answers_verdict;

alter table space.upstream_answers drop constraint upstream_answers_reason;

alter table space.neo_approaches alter column sentry drop not null;

alter table webhooks.webhooks add column tests_free_at timestamptz;

-- Such a due time means nothing, and the constraint would refuse the row.
update dispatch.orders set due_at = null where due_at < ready_at;

alter table dispatch.orders add constraint orders_due_not_before_ready check (due_at >= ready_at);

alter table space.upstream_answers add constraint upstream_answers_verdict check (verdict in ('accepted', 'partial', 'not_modified', 'quarantined'));

alter table space.upstream_answers add constraint upstream_answers_reason check ((verdict in ('quarantined', 'partial')) = (reason is not null));

create or replace function core.emit(topic text, audience text, subjects text[], types text[], bodies jsonb[]) returns void
language sql
set search_path = ''
as $$
  insert into core.outbox (topic, audience, subject, type, data)
  select topic, audience, e.subject, e.type, e.body
  from unnest(subjects, types, bodies) with ordinality as e (subject, type, body, place)
  order by e.place;
$$;

create or replace function core.begin_idempotent(key text, hash text, caller text, path text) returns void
language plpgsql
set search_path = ''
as $$
declare
  kept record;
begin
  insert into core.idempotency_keys as k (id, principal, route, body_hash)
  values (key, caller, path, hash)
  on conflict (id) do update
  set body_hash = excluded.body_hash, outcome = null, created_at = now()
  where k.created_at < now() - interval '24 hours';
  if found then
    perform set_config('lockstep.key', key, true);
    return;
  end if;
  -- The position of the first answer is the transaction that wrote it: xmin, whose upper half comes from the snapshot.
  select k.body_hash, k.outcome, s.next - ((s.next - k.xmin::text::bigint) & 4294967295) as position
  into kept
  from core.idempotency_keys k,
    lateral (select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint as next) s
  where k.id = key;
  if not found then
    raise exception using errcode = 'LS003', message = 'the key is being given up at this moment';
  end if;
  if kept.body_hash <> hash then
    raise exception using errcode = 'LS002', message = 'the key was used with another request';
  end if;
  raise exception using
    errcode = 'LS001',
    message = 'the key has its answer',
    column = kept.outcome::text,
    table = kept.position::text;
exception
  when lock_not_available then
    raise exception using errcode = 'LS003', message = 'the key is in use right now';
end
$$;

create or replace function core.first_id(at timestamptz) returns uuid
language sql immutable strict
set search_path = ''
as $$
  select rpad(lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

create or replace function core.partition_name(registered core.partitioned, first_moment timestamptz) returns text
language sql stable
set search_path = ''
as $$
  select split_part(registered.relation, '.', 2) || '_' || to_char(
    first_moment at time zone 'UTC',
    case registered.every when 'day' then 'YYYYMMDD' else 'YYYYMM' end
  )
$$;

create or replace function core.is_folded(
  registered core.partitioned, first_moment timestamptz, next_moment timestamptz
) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  folded boolean := true;
begin
  if registered.folded_by is not null then
    execute format('select %s($1, $2)', registered.folded_by::regproc) into folded using first_moment, next_moment;
  end if;
  return coalesce(folded, false);
end
$$;

create or replace function core.make_partition(relation text, at timestamptz) returns boolean
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  registered core.partitioned;
  first_moment timestamptz;
  next_moment timestamptz;
  partition_name text;
  schema_name text;
  bounds text[];
begin
  select * into strict registered from core.partitioned p where p.relation = make_partition.relation;
  first_moment := date_trunc(registered.every, at, 'UTC');
  next_moment := (first_moment at time zone 'UTC' + ('1 ' || registered.every)::interval) at time zone 'UTC';
  schema_name := split_part(registered.relation, '.', 1);
  partition_name := core.partition_name(registered, first_moment);

  perform pg_advisory_xact_lock(hashtextextended('partitions of ' || registered.relation, 0));
  -- Asked of the table and not of the catalog cache, which does not see what was made while this waited.
  if exists (
    select
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = registered.relation::regclass
      and c.relname = partition_name
  ) then
    return false;
  end if;

  bounds := case registered.key
    when 'id' then array[core.first_id(first_moment)::text, core.first_id(next_moment)::text]
    else array[first_moment::text, next_moment::text]
  end;
  execute format(
    'create table %I.%I (like %s including all excluding identity)',
    schema_name, partition_name, registered.relation::regclass
  );
  execute format(
    'alter table %s attach partition %I.%I for values from (%L) to (%L)',
    registered.relation::regclass, schema_name, partition_name, bounds[1], bounds[2]
  );
  return true;
end
$$;

create or replace function core.drop_partition(
  relation text, partition regclass, first_moment timestamptz, next_moment timestamptz
) returns void
language plpgsql
set search_path = ''
set lock_timeout = '250ms'
as $$
#variable_conflict use_column
declare
  registered core.partitioned;
begin
  select * into strict registered from core.partitioned p where p.relation = drop_partition.relation;
  execute format('lock table only %s in access exclusive mode', registered.relation::regclass);
  execute format('lock table only %s in access exclusive mode', partition);
  if not core.is_folded(registered, first_moment, next_moment) then
    raise exception using errcode = 'LS030', message = 'a partition has rows that are not folded';
  end if;
  execute format('drop table %s', partition);
end
$$;

create or replace function core.make_partitions(relation text, moments timestamptz[]) returns integer
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  registered core.partitioned;
  unit interval;
  today timestamp;
  made integer;
begin
  select * into strict registered from core.partitioned p where p.relation = make_partitions.relation;
  unit := ('1 ' || registered.every)::interval;
  today := date_trunc(registered.every, now() at time zone 'UTC');

  select count(*) filter (where core.make_partition(registered.relation, wanted.first_moment))
  into made
  from (
    select distinct date_trunc(registered.every, moment, 'UTC') as first_moment
    from unnest(moments) moment
    where moment >= (today - registered.kept * unit) at time zone 'UTC'
      and moment < (today + (registered.ahead + 1) * unit) at time zone 'UTC'
    order by 1
  ) wanted;
  return made;
end
$$;
revoke execute on function core.make_partitions(text, timestamptz[]) from public;
grant execute on function core.make_partitions(text, timestamptz[]) to lockstep_app;

create or replace function core.keep_partitions()
returns table (relation text, made integer, dropped integer, waiting integer, error text)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  registered core.partitioned;
  unit interval;
  today timestamp;
  partition record;
begin
  for registered in select * from core.partitioned p order by p.relation loop
    relation := registered.relation;
    made := 0;
    dropped := 0;
    waiting := 0;
    error := null;
    unit := ('1 ' || registered.every)::interval;
    today := date_trunc(registered.every, now() at time zone 'UTC');
    begin
      made := core.make_partitions(
        registered.relation,
        array(
          select (today + step * unit) at time zone 'UTC'
          from generate_series(0, registered.ahead) step
        )
      );

      -- Only a name that the keeper gave is taken, and the name says which time it holds.
      for partition in
        select named.oid, named.first_moment, (named.first_moment at time zone 'UTC' + unit) at time zone 'UTC' as next_moment
        from (
          select c.oid::regclass as oid,
            to_timestamp(rpad(substring(c.relname from '_(\d+)$'), 8, '01') || ' UTC', 'YYYYMMDD TZ') as first_moment,
            c.relname
          from pg_catalog.pg_inherits i
          join pg_catalog.pg_class c on c.oid = i.inhrelid
          where i.inhparent = registered.relation::regclass
            and c.relname ~ ('^' || split_part(registered.relation, '.', 2)
              || case registered.every when 'day' then '_\d{8}$' else '_\d{6}$' end)
        ) named
        where named.relname = core.partition_name(registered, named.first_moment)
          and named.first_moment < (today - registered.kept * unit) at time zone 'UTC'
        order by named.first_moment
        limit 12
      loop
        begin
          -- Asked first without a lock: an unfolded partition costs no reader a wait.
          if not core.is_folded(registered, partition.first_moment, partition.next_moment) then
            waiting := waiting + 1;
            continue;
          end if;
          perform core.drop_partition(registered.relation, partition.oid, partition.first_moment, partition.next_moment);
          dropped := dropped + 1;
        exception
          when lock_not_available or sqlstate 'LS030' then waiting := waiting + 1;
        end;
      end loop;
    exception
      when others then
        made := 0;
        dropped := 0;
        error := sqlstate || ' ' || sqlerrm;
    end;
    return next;
  end loop;
end
$$;
revoke execute on function core.keep_partitions() from public;
grant execute on function core.keep_partitions() to lockstep_app;

grant select on table core.partitioned to lockstep_app;

grant select, insert, update, delete on table core.ingest_messages to lockstep_app;

grant select, insert, update, delete on table core.ingest_sources to lockstep_app;

grant select, insert, update, delete on table core.ingest_minutes to lockstep_app;

grant select, insert, update, delete on table core.dead_messages to lockstep_app;

create or replace function ledger.change_accounts(changes ledger.account_changes[]) returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  rest ledger.account_changes[] := changes;
  wrong record;
begin
  for attempt in 1..2 loop
    -- An upsert of final values, since each row is there and locked: unlike an update it has no join to plan.
    with applied as (
      insert into ledger.user_balances_view (tenant_id, user_id, currency, balance_minor, reserved_minor, last_seq)
      select c.tenant_id, c.user_id, c.currency, b.balance_minor + c.balance_delta, b.reserved_minor + c.reserved_delta,
        greatest(b.last_seq, c.seq)
      from unnest(rest) c,
      lateral (
        select *
        from ledger.user_balances_view b
        where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
        for update
      ) b
      where (b.available_minor + c.lowest >= least(0, b.available_minor) or b.may_go_negative)
        and (b.quarantined_at is null or not c.debits)
      on conflict (tenant_id, user_id, currency) do update
      set balance_minor = excluded.balance_minor, reserved_minor = excluded.reserved_minor, last_seq = excluded.last_seq
      returning tenant_id, user_id, currency
    )
    select array_agg(c)
    into rest
    from unnest(rest) c
    where (c.tenant_id, c.user_id, c.currency) not in (select tenant_id, user_id, currency from applied);
    if rest is null then
      return;
    end if;
    exit when attempt = 2 or not exists (select from unnest(rest) where lowest < 0);

    -- Too little on the row: it may wait beside it.
    perform
    from unnest(rest) c,
    lateral (
      select
      from ledger.user_balances_view b
      where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
      for update
    ) locked;
    perform ledger.fold_deltas(rest);
  end loop;

  select c.user_id, c.currency, coalesce(b.available_minor, 0) as available_minor, b.quarantined_at
  into wrong
  from unnest(rest) c
  left join lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
    offset 0
  ) b on true
  where c.lowest < 0
    or c.debits and b.quarantined_at is not null
  limit 1;
  if found then
    raise exception using
      errcode = case when wrong.quarantined_at is null then 'LS102' else 'LS103' end,
      message = 'the account does not allow it',
      column = to_jsonb(wrong);
  end if;

  insert into ledger.user_balances_view as b (tenant_id, user_id, currency, balance_minor, reserved_minor, last_seq)
  select c.tenant_id, c.user_id, c.currency, c.balance_delta, c.reserved_delta, c.seq
  from unnest(rest) c
  order by c.tenant_id, c.user_id, c.currency
  on conflict (tenant_id, user_id, currency) do update
  set balance_minor = b.balance_minor + excluded.balance_minor,
      reserved_minor = b.reserved_minor + excluded.reserved_minor,
      last_seq = greatest(b.last_seq, excluded.last_seq);
end
$$;

create or replace function ledger.apply_user_balances_view() returns trigger
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  events bigint;
  changes ledger.account_changes[];
  continues boolean;
  change ledger.account_changes;
  account ledger.user_balances_view;
  folded record;
  wrong record;
begin
  -- One event is its account's change; of more, one change an account is made.
  select count(*),
    array[row(
      min(tenant_id), min(user_id), min(currency), min(seq), min(balance_delta), min(reserved_delta),
      min(balance_delta - reserved_delta), bool_or(balance_delta < reserved_delta)
    )::ledger.account_changes],
    bool_or(stream_version > 1 or reserved_delta < 0)
  into events, changes, continues
  from arrived;
  if events = 0 then
    return null;
  end if;
  if events > 1 then
    select array_agg(
      row(a.tenant_id, a.user_id, a.currency, a.seq, a.balance_delta, a.reserved_delta, a.lowest, a.debits)::ledger.account_changes
      order by a.tenant_id, a.user_id, a.currency
    )
    into changes
    from (
      select e.tenant_id, e.user_id, e.currency, max(e.seq) as seq, sum(e.balance_delta)::bigint as balance_delta,
        sum(e.reserved_delta)::bigint as reserved_delta, min(e.running)::bigint as lowest,
        bool_or(e.balance_delta < e.reserved_delta) as debits
      from (
        select *, sum(balance_delta - reserved_delta) over (partition by tenant_id, user_id, currency order by seq) as running
        from arrived
      ) e
      group by e.tenant_id, e.user_id, e.currency
    ) a;
  end if;

  -- What a stream holds is its own: none releases what another reserved, so a release needs no lock.
  if continues then
    select e.aggregate_id, e.stream_version, e.user_id, e.currency, prior.held is null and e.stream_version > 1 as gap
    into wrong
    from arrived e
    left join lateral (
      select true as held
      from ledger.balance_events prior
      where prior.tenant_id = e.tenant_id
        and prior.aggregate_id = e.aggregate_id
        and prior.stream_version = e.stream_version - 1
      offset 0
    ) prior on true
    where e.stream_version > 1
      and prior.held is null
      or e.reserved_delta < 0
      and (
        select sum(own.reserved_delta)
        from ledger.balance_events own
        where own.tenant_id = e.tenant_id
          and own.aggregate_id = e.aggregate_id
          and own.user_id = e.user_id
          and own.currency = e.currency
      ) < 0
    limit 1;
    if found then
      raise exception using
        errcode = case when wrong.gap then 'LS101' else 'LS104' end,
        message = 'this is not how the stream goes on',
        column = to_jsonb(wrong);
    end if;
  end if;

  if cardinality(changes) > 8 then
    perform ledger.change_accounts(changes);
    return null;
  end if;

  -- A command's. Who takes waits for the account's row, who gives never does.
  foreach change in array changes loop
    -- An amount that could carry the balance out of range unseen waits as well: below these bounds that would take
    -- four thousand of the largest, all waiting at once.
    if change.lowest >= 0 and change.balance_delta <= 1::bigint << 40 then
      update ledger.user_balances_view b
      set balance_minor = b.balance_minor + change.balance_delta,
          reserved_minor = b.reserved_minor + change.reserved_delta,
          last_seq = greatest(b.last_seq, change.seq)
      where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
        and (
          select true
          from ledger.user_balances_view free
          where free.tenant_id = change.tenant_id and free.user_id = change.user_id and free.currency = change.currency
          for update skip locked
        );
      continue when found;
      insert into ledger.balance_deltas (tenant_id, user_id, currency, seq, balance_delta, reserved_delta)
      select change.tenant_id, change.user_id, change.currency, change.seq, change.balance_delta, change.reserved_delta
      from ledger.user_balances_view b
      where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
        and b.balance_minor < 1::bigint << 52;
      continue when found;
    end if;

    -- Race: all who take from this account. What is read after this statement is newer than the wait.
    select * into account
    from ledger.user_balances_view b
    where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
    for update;
    if not found then
      insert into ledger.user_balances_view (tenant_id, user_id, currency)
      values (change.tenant_id, change.user_id, change.currency)
      on conflict do nothing;
      select * into account
      from ledger.user_balances_view b
      where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
      for update;
    end if;

    with gone as (
      delete from ledger.balance_deltas d
      where d.tenant_id = change.tenant_id and d.user_id = change.user_id and d.currency = change.currency
      returning balance_delta, reserved_delta, seq
    )
    select coalesce(sum(balance_delta), 0) as balance, coalesce(sum(reserved_delta), 0) as reserved, max(seq) as seq
    into folded
    from gone;
    account.available_minor := account.available_minor + folded.balance - folded.reserved;

    if change.debits and account.quarantined_at is not null then
      raise exception using errcode = 'LS103', message = 'the account is quarantined', column = to_jsonb(account);
    end if;
    if account.available_minor + change.lowest < least(0, account.available_minor) and not account.may_go_negative then
      raise exception using errcode = 'LS102', message = 'there is not enough', column = to_jsonb(account);
    end if;

    update ledger.user_balances_view b
    set balance_minor = b.balance_minor + folded.balance + change.balance_delta,
        reserved_minor = b.reserved_minor + folded.reserved + change.reserved_delta,
        last_seq = greatest(b.last_seq, folded.seq, change.seq)
    where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency;
  end loop;
  return null;
end
$$;

create or replace function ledger.apply_notices() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  notice record;
begin
  for notice in select * from arrived order by tenant_id, user_id, currency, seq loop
    insert into ledger.user_balances_view (tenant_id, user_id, currency)
    values (notice.tenant_id, notice.user_id, notice.currency)
    on conflict do nothing;
    update ledger.user_balances_view b
    set may_go_negative = case notice.event_type
          when 'V1_SYSTEM_OVERDRAFT_ALLOWED' then true
          when 'V1_SYSTEM_OVERDRAFT_FORBIDDEN' then false
          else b.may_go_negative
        end,
        quarantined_at = case notice.event_type
          when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then notice.created_at
          when 'V1_SYSTEM_ACCOUNT_CLEARED' then null
          else b.quarantined_at
        end
    where b.tenant_id = notice.tenant_id and b.user_id = notice.user_id and b.currency = notice.currency;
    perform core.emit('ledger', 'tenant:' || notice.tenant_id, array['account:' || notice.aggregate_id],
      array[case notice.event_type
        when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then 'account.quarantined'
        when 'V1_SYSTEM_ACCOUNT_CLEARED' then 'account.cleared'
        when 'V1_SYSTEM_OVERDRAFT_ALLOWED' then 'account.overdraft_allowed'
        when 'V1_SYSTEM_OVERDRAFT_FORBIDDEN' then 'account.overdraft_forbidden'
      end],
      array[notice.event_data]);
  end loop;
  return null;
end
$$;

create or replace function ledger.emit_overdrawn() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform core.emit('ledger', 'tenant:' || new.tenant_id, array['account:' || new.user_id || ':' || new.currency],
    array['account.overdrawn'], array[jsonb_build_object(
      'userId', new.user_id, 'currency', new.currency, 'balanceMinor', new.balance_minor,
      'reservedMinor', new.reserved_minor, 'availableMinor', new.available_minor
    )]);
  return null;
end
$$;

create or replace trigger emit_overdrawn
after update on ledger.user_balances_view
for each row
when (new.available_minor < 0 and old.available_minor >= 0)
execute function ledger.emit_overdrawn();

create materialized view ledger.top_bets_today as
select *
from (
  select tenant_id, bet_id,
    row_number() over (partition by tenant_id, currency order by amount_minor desc, bet_id) as rank,
    user_id, amount_minor, currency, odds, selection, status, payout_minor, placed_at
  from ledger.bets_view
  where placed_at >= date_trunc('day', now(), 'UTC')
    and placed_at < date_trunc('day', now(), 'UTC') + interval '1 day'
    and status in ('placed', 'accepted', 'won')
) ranked
where rank <= 1000;
create unique index top_bets_today_key on ledger.top_bets_today (tenant_id, bet_id);

create view ledger.top_bets
with (security_barrier = true)
as
select bet_id, rank, user_id, amount_minor, currency, odds, selection, status, payout_minor, placed_at
from ledger.top_bets_today t
where t.tenant_id = ledger.tenant();

grant select on table ledger.top_bets to lockstep_app;

create or replace function ledger.refusal(state text, broken text, about jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select jsonb_strip_nulls(
    jsonb_build_object(
      'ok', false,
      'aggregateId', about -> 'aggregate_id',
      'userId', about -> 'user_id',
      'currency', about -> 'currency'
    ) || case
      when state = 'LS101' then jsonb_build_object('reason', 'version_conflict', 'current', about -> 'current')
      when state = 'LS102'
        then jsonb_build_object('reason', 'insufficient_funds', 'availableMinor', about -> 'available_minor')
      when state = 'LS103' then jsonb_build_object('reason', 'quarantined')
      when state = 'LS104' then jsonb_build_object('reason', 'hold_missing')
      when state = 'LS106' then jsonb_build_object(
        'reason', 'hold_missing',
        'heldMinor', about -> 'held',
        'reservesMinor', about -> 'reserves',
        'missing', case
          when (about ->> 'held')::bigint < (about ->> 'reserves')::bigint then 'V1_BALANCES_BALANCE_RESERVED'
          else 'V1_BALANCES_BALANCE_RELEASED'
        end,
        'missingMinor', abs((about ->> 'held')::bigint - (about ->> 'reserves')::bigint),
        'detail', format(
          'Stream %s would hold %s of %s %s, and its open bet or withdrawal reserves %s: append the missing event of the same stream in this batch',
          about ->> 'aggregate_id', about ->> 'held', about ->> 'user_id', about ->> 'currency', about ->> 'reserves'
        )
      )
      when state = 'LS105' then jsonb_build_object(
        'reason', 'illegal_transition',
        'from', coalesce(about ->> 'was', 'nothing'),
        'to', about ->> 'becomes'
      )
      when broken = 'user_balances_view_available' then jsonb_build_object('reason', 'insufficient_funds')
      else jsonb_build_object('reason', 'amount_out_of_range')
    end
  )
$$;

create or replace function ledger.find_wrong_hold(streams text[]) returns jsonb
language sql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
  with owners as (
    select s.id, b.user_id, b.currency, case when b.open then b.amount_minor else 0 end as reserves
    from unnest(streams) s (id),
    lateral (
      select *
      from ledger.bets_view v
      where v.tenant_id = ledger.tenant()
        and v.bet_id between s.id and s.id
      order by v.bet_id
      limit 1
    ) b
    union all
    select s.id, p.user_id, p.currency, case when p.open and p.kind = 'withdrawal' then p.amount_minor else 0 end
    from unnest(streams) s (id),
    lateral (
      select *
      from ledger.payments_view v
      where v.tenant_id = ledger.tenant()
        and v.payment_id between s.id and s.id
      order by v.payment_id
      limit 1
    ) p
  ),
  holds as (
    select s.id, e.user_id, e.currency, sum(e.reserved_delta)::bigint as held
    from unnest(streams) s (id),
    lateral (
      select e.user_id, e.currency, e.reserved_delta
      from ledger.balance_events e
      where e.tenant_id = ledger.tenant()
        and e.aggregate_id = s.id
      order by e.stream_version
      offset 0
    ) e
    group by s.id, e.user_id, e.currency
  )
  select jsonb_build_object(
    'aggregate_id', id, 'user_id', user_id, 'currency', currency, 'held', coalesce(held, 0), 'reserves', coalesce(reserves, 0)
  )
  from owners
  full join holds using (id, user_id, currency)
  where coalesce(held, 0) <> coalesce(reserves, 0)
  order by id
  limit 1
$$;

create or replace function ledger.emit_appended(events ledger.incoming_events[]) returns void
language sql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
  select core.emit(
    'ledger', 'tenant:' || ledger.tenant(),
    array_agg(told.subject order by f.family, f.aggregate_id, f.stream_version),
    array_agg(told.type order by f.family, f.aggregate_id, f.stream_version),
    array_agg(told.data order by f.family, f.aggregate_id, f.stream_version)
  )
  from unnest(events) f,
  lateral (
    select 'bet:' || f.aggregate_id as subject, 'bet.' || ledger.bet_state(f.event_type) as type, jsonb_build_object(
      'id', b.bet_id, 'userId', b.user_id, 'stakeMinor', b.amount_minor, 'currency', b.currency, 'odds', b.odds::text,
      'selection', b.selection, 'status', ledger.bet_state(f.event_type),
      'payoutMinor', case ledger.bet_state(f.event_type)
        when 'lost' then 0
        else (f.event_data ->> 'payoutMinor')::bigint
      end,
      'placedAt', core.iso(b.placed_at),
      'settledAt', case when ledger.bet_state(f.event_type) not in ('placed', 'accepted') then core.iso(f.occurred_at) end,
      'streamVersion', f.stream_version
    ) as data
    from (
      select *
      from ledger.bets_view v
      where f.family = 'bets' and v.tenant_id = ledger.tenant() and v.bet_id between f.aggregate_id and f.aggregate_id
      order by v.bet_id
      limit 1
    ) b
    union all
    select 'payment:' || f.aggregate_id, replace(ledger.payment_state(f.event_type), ' ', '.'), jsonb_build_object(
      'id', p.payment_id, 'kind', p.kind, 'userId', p.user_id, 'amountMinor', p.amount_minor, 'currency', p.currency,
      'status', split_part(ledger.payment_state(f.event_type), ' ', 2),
      'requestedAt', core.iso(p.requested_at),
      'settledAt', case when ledger.payment_state(f.event_type) not like '% requested' then core.iso(f.occurred_at) end,
      'streamVersion', f.stream_version
    )
    from (
      select *
      from ledger.payments_view v
      where f.family = 'payments' and v.tenant_id = ledger.tenant() and v.payment_id between f.aggregate_id and f.aggregate_id
      order by v.payment_id
      limit 1
    ) p
    union all
    select 'account:' || (f.event_data ->> 'userId') || ':' || (f.event_data ->> 'currency'),
      'balance.' || lower(split_part(f.event_type, '_', 4)),
      f.event_data || jsonb_build_object(
        'cause', f.aggregate_id, 'streamVersion', f.stream_version, 'occurredAt', core.iso(f.occurred_at)
      )
    where f.family = 'balances'
    offset 0
  ) told
$$;

create or replace function ledger.append_events(events jsonb, by_whom text) returns jsonb
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  incoming ledger.incoming_events[];
  fresh ledger.incoming_events[];
  reused text;
  conflict jsonb;
  position xid8;
  state text;
  broken text;
  about text;
  takes boolean;
  appended integer;
  holders text[];
  streams ledger.incoming_events[];
  wrong jsonb;
begin
  select array_agg(
    row(place, lower(split_part(e."type", '_', 2)), e."aggregateId", e."type", e.data, e."idempotencyKey",
      e."expectedVersion", e."occurredAt", null, null)::ledger.incoming_events
    order by place
  )
  into incoming
  from rows from (
    jsonb_to_recordset(events) as (
      "aggregateId" text, "type" text, data jsonb, "idempotencyKey" text, "expectedVersion" integer,
      "occurredAt" timestamptz
    )
  ) with ordinality as e ("aggregateId", "type", data, "idempotencyKey", "expectedVersion", "occurredAt", place);

  for attempt in 1..5 loop
    begin
      with given as (
        select i.*, known.said as known_said,
          case when i.idempotency_key is not null then array[i.aggregate_id, i.event_type, i.event_data::text] end as said
        from unnest(incoming) i
        left join lateral (
          select array[e.aggregate_id, e.event_type, e.event_data::text] as said
          from ledger.events e
          where e.tenant_id = ledger.tenant()
            and e.idempotency_key = i.idempotency_key
          offset 0
        ) known on true
      ),
      judged as materialized (
        select g.*,
          g.idempotency_key is not null and (g.known_said is not null or row_number() over same_key > 1) as duplicate,
          coalesce(g.known_said, first_value(g.said) over same_key) <> g.said as contradicts
        from given g
        window same_key as (partition by g.idempotency_key order by g.place)
      ),
      -- Materialized: looked up once a stream, not twice an event.
      streams as materialized (
        select s.family, s.aggregate_id, coalesce((
          select e.stream_version
          from ledger.events e
          where e.tenant_id = ledger.tenant()
            and e.family = s.family
            and e.aggregate_id = s.aggregate_id
          order by e.stream_version desc
          limit 1
        ), 0) as current
        from (select distinct family, aggregate_id from judged where not duplicate) s
      ),
      numbered as (
        select j.*, s.current,
          s.current + row_number() over (partition by j.family, j.aggregate_id order by j.place)::integer as next_version
        from judged j
        join streams s on s.family = j.family and s.aggregate_id = j.aggregate_id
        where not j.duplicate
        order by j.place
      ),
      placed as materialized (
        select n.*, nextval('ledger.event_seq') as next_seq
        from numbered n
      )
      select
        (
          select array_agg(
            row(p.place, p.family, p.aggregate_id, p.event_type, p.event_data, p.idempotency_key, p.expected_version,
              coalesce(p.occurred_at, clock_timestamp()), p.next_version, p.next_seq)::ledger.incoming_events
          )
          from placed p
        ),
        (select j.idempotency_key from judged j where j.contradicts limit 1),
        (
          select jsonb_build_object('aggregateId', p.aggregate_id, 'current', p.current)
          from placed p
          where p.expected_version <> p.next_version - 1
          order by p.place
          limit 1
        )
      into fresh, reused, conflict;

      if reused is not null then
        return jsonb_build_object('ok', false, 'reason', 'idempotency_key_reused', 'key', reused);
      end if;
      if conflict is not null then
        return jsonb_build_object('ok', false, 'reason', 'version_conflict') || conflict;
      end if;

      select count(*), coalesce(bool_or(f.event_type in ('V1_BALANCES_BALANCE_DEBITED', 'V1_BALANCES_BALANCE_RESERVED')), false)
      into appended, takes
      from unnest(fresh) f;
      select array_agg(distinct f.aggregate_id)
      into holders
      from unnest(fresh) f
      where f.family <> 'balances' or f.event_type in ('V1_BALANCES_BALANCE_RESERVED', 'V1_BALANCES_BALANCE_RELEASED');
      streams := fresh;
      position := core.reading_xid();
      if exists (select from unnest(fresh) f where f.family = 'bets') then
        insert into ledger.bet_events (
          tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
        )
        select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
          f.idempotency_key, f.occurred_at, by_whom
        from unnest(fresh) f
        where f.family = 'bets'
        order by f.aggregate_id, f.stream_version;
      end if;
      if exists (select from unnest(fresh) f where f.family = 'payments') then
        insert into ledger.payment_events (
          tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
        )
        select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
          f.idempotency_key, f.occurred_at, by_whom
        from unnest(fresh) f
        where f.family = 'payments'
        order by f.aggregate_id, f.stream_version;
      end if;
      if takes then
        insert into ledger.user_balances_view (tenant_id, user_id, currency)
        select distinct ledger.tenant(), f.event_data ->> 'userId', f.event_data ->> 'currency'
        from unnest(fresh) f
        where f.family = 'balances'
        order by 1, 2, 3
        on conflict do nothing;
        perform
        from (
          select distinct f.event_data ->> 'userId' as user_id, f.event_data ->> 'currency' as currency
          from unnest(fresh) f
          where f.family = 'balances'
          order by 1, 2
        ) f,
        lateral (
          select
          from ledger.user_balances_view b
          where b.tenant_id = ledger.tenant()
            and b.user_id = f.user_id
            and b.currency = f.currency
          for update
        ) locked;
        position := core.reading_xid();
        select array_agg(
          row(f.place, f.family, f.aggregate_id, f.event_type, f.event_data, f.idempotency_key, f.expected_version,
            f.occurred_at, f.stream_version, nextval('ledger.event_seq'))::ledger.incoming_events
        )
        into fresh
        from (select * from unnest(fresh) f where f.family = 'balances' order by f.place) f;
      end if;
      if exists (select from unnest(fresh) f where f.family = 'balances') then
        insert into ledger.balance_events (
          tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
        )
        select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
          f.idempotency_key, f.occurred_at, by_whom
        from unnest(fresh) f
        where f.family = 'balances'
        order by f.aggregate_id, f.stream_version;
      end if;
      -- Without its hold a bet could never be settled, voided or cancelled.
      wrong := ledger.find_wrong_hold(holders);
      if wrong is not null then
        raise exception using errcode = 'LS106', message = 'the stream holds another amount than it reserves', column = wrong;
      end if;
      perform ledger.emit_appended(streams);
      return jsonb_build_object('ok', true, 'value', jsonb_build_object(
        'appended', appended,
        'duplicates', cardinality(incoming) - appended
      ));
    exception
      when unique_violation then
        if attempt = 5 then
          raise;
        end if;
      when sqlstate 'LS101' or sqlstate 'LS102' or sqlstate 'LS103' or sqlstate 'LS104' or sqlstate 'LS105'
        or sqlstate 'LS106' or check_violation or numeric_value_out_of_range
      then
        get stacked diagnostics state = returned_sqlstate, broken = constraint_name, about = column_name;
        return ledger.refusal(state, broken, case when state like 'LS%' then about::jsonb end);
    end;
  end loop;
end
$$;

create or replace function ledger.transfer(transfers jsonb, all_or_none boolean, by_whom text) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  accounts ledger.account_changes[];
  senders integer[];
  receivers integer[];
  amounts bigint[];
  keys text[];
  known jsonb;
  said jsonb;
  available bigint[];
  balances bigint[];
  barred boolean[];
  accepted boolean[] := '{}';
  results jsonb[] := '{}';
  ids text[] := '{}';
  s integer;
  r integer;
  position xid8;
begin
  with given as materialized (
    select *
    from rows from (
      jsonb_to_recordset(transfers) as (
        "fromUserId" text, "toUserId" text, currency text, "amountMinor" bigint, "idempotencyKey" text
      )
    ) with ordinality as t (sender, receiver, currency, amount, key, place)
  ),
  involved as materialized (
    select user_id, currency, row_number() over (order by user_id, currency) as number
    from (
      select sender as user_id, currency from given
      union
      select receiver, currency from given
    ) a
  )
  select
    (
      select array_agg(row(ledger.tenant(), i.user_id, i.currency, null, null, null, null, null)::ledger.account_changes order by i.number)
      from involved i
    ),
    array_agg(s.number order by g.place),
    array_agg(r.number order by g.place),
    array_agg(g.amount order by g.place),
    array_agg(g.key order by g.place)
  into accounts, senders, receivers, amounts, keys
  from given g
  join involved s on s.user_id = g.sender and s.currency = g.currency
  join involved r on r.user_id = g.receiver and r.currency = g.currency;

  -- Race: all who take from these accounts. What is read after this statement is newer than the wait.
  perform
  from unnest(accounts) a,
  lateral (
    select
    from ledger.user_balances_view b
    where b.tenant_id = a.tenant_id
      and b.user_id = a.user_id
      and b.currency = a.currency
    for update
  ) locked;
  perform ledger.fold_deltas(accounts);

  select
    array_agg(coalesce(b.available_minor, 0) order by a.number),
    array_agg(coalesce(b.balance_minor, 0) order by a.number),
    array_agg(b.quarantined_at is not null order by a.number)
  into available, balances, barred
  from unnest(accounts) with ordinality as a (tenant_id, user_id, currency, seq, balance_delta, reserved_delta, lowest, debits, number)
  left join lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = a.tenant_id
      and b.user_id = a.user_id
      and b.currency = a.currency
    offset 0
  ) b on true;

  -- A key of a transfer says everything that the transfer acts on. The key of another event says nothing, so it
  -- contradicts every transfer.
  select jsonb_object_agg(k.key, jsonb_build_object('id', e.aggregate_id, 'said', (
    select jsonb_build_array(e.event_data -> 'userId', credit.event_data -> 'userId', e.event_data -> 'currency', e.event_data -> 'amountMinor')
    from ledger.balance_events credit
    where credit.tenant_id = ledger.tenant()
      and credit.aggregate_id = e.aggregate_id
      and credit.stream_version = 2
      and credit.event_type = 'V1_BALANCES_BALANCE_CREDITED'
      and e.event_type = 'V1_BALANCES_BALANCE_DEBITED'
      and e.stream_version = 1
  )))
  into known
  from unnest(keys) k (key),
  lateral (
    select e.aggregate_id, e.event_type, e.event_data, e.stream_version
    from ledger.events e
    where e.tenant_id = ledger.tenant()
      and e.idempotency_key = k.key
    offset 0
  ) e;

  for place in 1..cardinality(amounts) loop
    s := senders[place];
    r := receivers[place];
    said := jsonb_build_array(accounts[s].user_id, accounts[r].user_id, accounts[s].currency, amounts[place]);
    accepted[place] := false;
    if known ? keys[place] then
      results[place] := case known -> keys[place] -> 'said'
        when said then jsonb_build_object('status', 'duplicate', 'id', known -> keys[place] -> 'id')
        else jsonb_build_object('status', 'rejected', 'code', 'idempotency_key_reused')
      end;
    elsif barred[s] then
      results[place] := jsonb_build_object('status', 'rejected', 'code', 'quarantined');
    elsif available[s] < amounts[place] then
      results[place] := jsonb_build_object('status', 'rejected', 'code', 'insufficient_funds', 'availableMinor', available[s]);
    elsif balances[r] > 9007199254740991 - amounts[place] then
      results[place] := jsonb_build_object('status', 'rejected', 'code', 'amount_out_of_range');
    else
      accepted[place] := true;
      available[s] := available[s] - amounts[place];
      available[r] := available[r] + amounts[place];
      balances[s] := balances[s] - amounts[place];
      balances[r] := balances[r] + amounts[place];
      ids[place] := uuidv7()::text;
      results[place] := jsonb_build_object('status', 'accepted', 'id', ids[place]);
      if keys[place] is not null then
        known := coalesce(known, '{}') || jsonb_build_object(keys[place], jsonb_build_object('id', ids[place], 'said', said));
      end if;
    end if;
  end loop;

  if all_or_none and exists (select from unnest(results) one where one ->> 'status' = 'rejected') then
    -- No transfer is made, so none is accepted, and none is a duplicate of one in this batch.
    return jsonb_build_object('ok', false, 'reason', 'transfers_rejected', 'results', (
      select jsonb_agg(
        case when one ->> 'id' = any (ids) then jsonb_build_object('status', 'skipped') else one end
        order by place
      )
      from unnest(results) with ordinality as r (one, place)
    ));
  end if;

  -- Readers of the feed must see a writer before it takes its place.
  lock table ledger.balance_events in row exclusive mode;
  position := core.reading_xid();
  insert into ledger.balance_events (
    tenant_id, aggregate_id, stream_version, xid, event_type, event_data, idempotency_key, actor
  )
  select ledger.tenant(), ids[t.place], leg.version, position, leg.type,
    jsonb_build_object(
      'userId', accounts[leg.account].user_id,
      'currency', accounts[leg.account].currency,
      'amountMinor', amounts[t.place]
    ),
    case leg.version when 1 then keys[t.place] end,
    by_whom
  from generate_series(1, cardinality(amounts)) t (place),
  lateral (
    values (1, 'V1_BALANCES_BALANCE_DEBITED', senders[t.place]), (2, 'V1_BALANCES_BALANCE_CREDITED', receivers[t.place])
  ) leg (version, type, account)
  where accepted[t.place]
  order by t.place, leg.version;

  perform core.emit('ledger', 'tenant:' || ledger.tenant(), array_agg('transfer:' || ids[t.place] order by t.place),
    array_agg('transfer.accepted'::text order by t.place), array_agg(jsonb_build_object(
      'id', ids[t.place], 'fromUserId', accounts[senders[t.place]].user_id, 'toUserId', accounts[receivers[t.place]].user_id,
      'amountMinor', amounts[t.place], 'currency', accounts[senders[t.place]].currency
    ) order by t.place))
  from generate_series(1, cardinality(amounts)) t (place)
  where accepted[t.place];

  return jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'accepted', (select count(*) from unnest(accepted) one where one),
    'rejected', (select count(*) from unnest(results) one where one ->> 'status' = 'rejected'),
    'results', to_jsonb(results)
  ));
end
$$;

create or replace function ledger.apply_bets_view() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  births boolean;
  wrong record;
begin
  select bool_and(stream_version = 1 and ledger.bet_may_become(null, ledger.bet_state(event_type)))
  into births
  from arrived;
  if births is null then
    return null;
  end if;

  -- Most batches begin streams and continue none: then every event is a stream of its own.
  if births then
    insert into ledger.bets_view (tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version)
    select tenant_id, aggregate_id, born ->> 'userId', (born ->> 'stakeMinor')::bigint, born ->> 'currency', (born ->> 'odds')::numeric, born ->> 'selection', born_at, state, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end, case when state not in ('placed', 'accepted') then latest_at end, stream_version
    from (
      select tenant_id, aggregate_id, stream_version, event_data as born, occurred_at as born_at, event_data as latest,
        occurred_at as latest_at, ledger.bet_state(event_type) as state
      from arrived
    ) e
    order by tenant_id, aggregate_id;
    return null;
  end if;

  -- Race: two appends to one stream. The second waits here for the first's row, and judges what it then finds. A row
  -- that should have been there is noticed below and rolled back, neutral values and all.
  with streams as materialized (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.bet_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from arrived e
        group by e.tenant_id, e.aggregate_id
      ) stream
  ),
  moved as (
    insert into ledger.bets_view as v (tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version)
    select tenant_id, aggregate_id, coalesce(born ->> 'userId', ''), coalesce((born ->> 'stakeMinor')::bigint, 0), coalesce(born ->> 'currency', ''), coalesce((born ->> 'odds')::numeric, 0), coalesce(born ->> 'selection', ''), coalesce(born_at, 'epoch'), state, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end, case when state not in ('placed', 'accepted') then latest_at end, stream_version
    from streams
    order by tenant_id, aggregate_id
    on conflict (tenant_id, bet_id) do update
    set status = excluded.status, payout_minor = excluded.payout_minor, settled_at = excluded.settled_at, stream_version = excluded.stream_version
    returning with (old as prior) v.tenant_id, v.bet_id, prior.stream_version, prior.status as was
  )
  select s.aggregate_id, coalesce(m.stream_version, 0) as current, s.first_version, s.gapless, m.was, s.path
  into wrong
  from streams s
  join moved m on m.tenant_id = s.tenant_id and m.bet_id = s.aggregate_id
  where s.first_version <> coalesce(m.stream_version, 0) + 1
    or not s.gapless
    or not ledger.bet_may_become(m.was, s.path[1])
    or exists (
      select from generate_series(2, cardinality(s.path)) step
      where not ledger.bet_may_become(s.path[step - 1], s.path[step])
    )
  limit 1;
  if not found then
    return null;
  end if;
  if wrong.gapless and wrong.first_version = wrong.current + 1 then
    for step in 1..cardinality(wrong.path) loop
      if not ledger.bet_may_become(wrong.was, wrong.path[step]) then
        raise exception using errcode = 'LS105', message = 'no lawful step',
          column = jsonb_build_object('aggregate_id', wrong.aggregate_id, 'was', wrong.was, 'becomes', wrong.path[step]);
      end if;
      wrong.was := wrong.path[step];
    end loop;
  end if;
  raise exception using errcode = 'LS101', message = 'a version is missing or taken', column = to_jsonb(wrong);
end
$$;

create or replace function ledger.apply_payments_view() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  births boolean;
  wrong record;
begin
  select bool_and(stream_version = 1 and ledger.payment_may_become(null, ledger.payment_state(event_type)))
  into births
  from arrived;
  if births is null then
    return null;
  end if;

  -- Most batches begin streams and continue none: then every event is a stream of its own.
  if births then
    insert into ledger.payments_view (tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version)
    select tenant_id, aggregate_id, split_part(state, ' ', 1), born ->> 'userId', (born ->> 'amountMinor')::bigint, born ->> 'currency', born_at, split_part(state, ' ', 2), case when state not like '% requested' then latest_at end, stream_version
    from (
      select tenant_id, aggregate_id, stream_version, event_data as born, occurred_at as born_at, event_data as latest,
        occurred_at as latest_at, ledger.payment_state(event_type) as state
      from arrived
    ) e
    order by tenant_id, aggregate_id;
    return null;
  end if;

  -- Race: two appends to one stream. The second waits here for the first's row, and judges what it then finds. A row
  -- that should have been there is noticed below and rolled back, neutral values and all.
  with streams as materialized (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.payment_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from arrived e
        group by e.tenant_id, e.aggregate_id
      ) stream
  ),
  moved as (
    insert into ledger.payments_view as v (tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version)
    select tenant_id, aggregate_id, coalesce(split_part(state, ' ', 1), ''), coalesce(born ->> 'userId', ''), coalesce((born ->> 'amountMinor')::bigint, 0), coalesce(born ->> 'currency', ''), coalesce(born_at, 'epoch'), split_part(state, ' ', 2), case when state not like '% requested' then latest_at end, stream_version
    from streams
    order by tenant_id, aggregate_id
    on conflict (tenant_id, payment_id) do update
    set status = excluded.status, settled_at = excluded.settled_at, stream_version = excluded.stream_version
    returning with (old as prior) v.tenant_id, v.payment_id, prior.stream_version, prior.kind || ' ' || prior.status as was
  )
  select s.aggregate_id, coalesce(m.stream_version, 0) as current, s.first_version, s.gapless, m.was, s.path
  into wrong
  from streams s
  join moved m on m.tenant_id = s.tenant_id and m.payment_id = s.aggregate_id
  where s.first_version <> coalesce(m.stream_version, 0) + 1
    or not s.gapless
    or not ledger.payment_may_become(m.was, s.path[1])
    or exists (
      select from generate_series(2, cardinality(s.path)) step
      where not ledger.payment_may_become(s.path[step - 1], s.path[step])
    )
  limit 1;
  if not found then
    return null;
  end if;
  if wrong.gapless and wrong.first_version = wrong.current + 1 then
    for step in 1..cardinality(wrong.path) loop
      if not ledger.payment_may_become(wrong.was, wrong.path[step]) then
        raise exception using errcode = 'LS105', message = 'no lawful step',
          column = jsonb_build_object('aggregate_id', wrong.aggregate_id, 'was', wrong.was, 'becomes', wrong.path[step]);
      end if;
      wrong.was := wrong.path[step];
    end loop;
  end if;
  raise exception using errcode = 'LS101', message = 'a version is missing or taken', column = to_jsonb(wrong);
end
$$;

create or replace function ledger.check_invariants(sample integer) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  begun timestamptz := clock_timestamp();
  tenant bigint;
  checked integer := 0;
  found integer;
  barred integer;
  different integer := 0;
  quarantined integer := 0;
begin
  for tenant in
    with recursive tenants as (
      select ledger.next_tenant(0) as tenant_id
      union all
      select ledger.next_tenant(t.tenant_id)
      from tenants t
      where t.tenant_id is not null
    )
    select t.tenant_id
    from tenants t
    left join ledger.invariant_checks c using (tenant_id)
    where t.tenant_id is not null
    order by c.checked_at nulls first
  loop
    exit when clock_timestamp() > begun + interval '4 seconds';
    with different as materialized (
      select d.*
      from ledger.find_differences(tenant, sample) d
      left join ledger.alerts a
        on a.tenant_id = tenant and a.kind = d.kind and a.subject = d.subject and a.resolved_at is null
      order by a.id is not null
      limit 5000
    ),
    raised as (
      insert into ledger.alerts as a (tenant_id, kind, subject, user_id, currency, evidence)
      select tenant, d.kind, d.subject, d.user_id, d.currency, d.evidence
      from different d
      on conflict (tenant_id, kind, subject) where resolved_at is null do update
      set evidence = excluded.evidence, seen_at = now()
    ),
    held_back as (
      insert into ledger.system_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      select tenant, d.account, coalesce((
          select max(e.stream_version)
          from ledger.system_events e
          where e.tenant_id = tenant
            and e.aggregate_id = d.account
        ), 0) + 1,
        'V1_SYSTEM_ACCOUNT_QUARANTINED',
        jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'reason', d.kind, 'evidence', d.evidence),
        'system:invariants'
      from (
        select distinct on (user_id, currency) *, user_id || ':' || currency as account
        from different
        where user_id is not null
        order by user_id, currency
      ) d
      left join ledger.user_balances_view b
        on b.tenant_id = tenant and b.user_id = d.user_id and b.currency = d.currency
      where b.quarantined_at is null
      returning 1
    )
    select (select count(*) from different), (select count(*) from held_back)
    into found, barred;
    checked := checked + 1;
    different := different + found;
    quarantined := quarantined + barred;
    insert into ledger.invariant_checks as c (tenant_id, checked_at)
    values (tenant, clock_timestamp())
    on conflict (tenant_id) do update set checked_at = excluded.checked_at;
  end loop;
  return jsonb_build_object(
    'rows', different, 'tenants', checked, 'differences', different, 'quarantined', quarantined,
    'outcome', case when checked = 0 then 'skipped' else 'ok' end
  );
end
$$;
revoke execute on function ledger.check_invariants(integer) from public;
grant execute on function ledger.check_invariants(integer) to lockstep_app;

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('space.iss_fetch_log', 'time', 'month', 3, 13, null);

grant select, insert, update, delete on table space.upstream_misses to lockstep_app;

grant select, insert, update on table space.copy_coverage to lockstep_app;
