import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  doublePrecision,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core'
import { createdAt, id, idOf, instant, transactionId, version, writtenBy } from './columns.ts'
import { type Declared, grants, role, sqlFunction, sqlIndex } from './triggers.ts'

export const core = pgSchema('core')

/** Every run of every job leaves a row, a failed one too. `slot` is null for a run by hand. */
export const jobRuns = core.table(
  'job_runs',
  {
    id: id(),
    job: text('job').notNull(),
    slot: instant('slot'),
    trigger: text('trigger').notNull(),
    startedAt: instant('started_at').notNull(),
    finishedAt: instant('finished_at'),
    outcome: text('outcome').notNull().default('running'),
    rows: bigint('rows', { mode: 'number' }),
    detail: jsonb('detail'),
    error: text('error'),
    roundTrips: integer('round_trips'),
  },
  (t) => [
    check('job_runs_trigger', sql`${t.trigger} in ('cron', 'manual')`),
    check('job_runs_outcome', sql`${t.outcome} in ('running', 'ok', 'skipped', 'failed')`),
    check('job_runs_finished', sql`(${t.outcome} = 'running') = (${t.finishedAt} is null)`),
  ],
)

/** A slot of a job that is done. The row commits with the work, so a tick fired twice does it once. */
export const jobSlots = core.table(
  'job_slots',
  {
    job: text('job').notNull(),
    slot: instant('slot').notNull(),
    doneAt: instant('done_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.job, t.slot] })],
)

/** Who does a long piece of work. The row stays when the lease ends: its fence must never fall. */
export const leases = core.table('leases', {
  name: text('name').primaryKey(),
  owner: text('owner').notNull(),
  fence: bigint('fence', { mode: 'number' }).notNull(),
  expiresAt: instant('expires_at').notNull(),
})

/** The answer to a request that may be sent again. `id` is a digest over principal, route and key. */
export const idempotencyKeys = core.table('idempotency_keys', {
  id: text('id').primaryKey(),
  principal: text('principal').notNull(),
  route: text('route').notNull(),
  bodyHash: text('body_hash').notNull(),
  outcome: jsonb('outcome'),
  createdAt: createdAt(),
})

/**
 * What happened, for readers outside the module it happened in: webhooks, and other modules. Written by the statement
 * of the change (functions/core/outbox.ts). `audience` is who may hear of it besides admins: `tenant:7`, `store:3`.
 */
export const outbox = core.table(
  'outbox',
  {
    xid: writtenBy(),
    seq: bigint('seq', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    topic: text('topic').notNull(),
    audience: text('audience'),
    subject: text('subject').notNull(),
    type: text('type').notNull(),
    data: jsonb('data').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    // The reading order, and the only index: an event costs its writer one entry.
    primaryKey({ columns: [t.xid, t.seq] }),
    check('outbox_topic_shape', sql`${t.topic} ~ '^[a-z]{2,20}$'`),
    check('outbox_audience_shape', sql`${t.audience} ~ '^[a-z]{2,20}:[!-~]{1,128}$'`),
    check('outbox_subject_length', sql`char_length(${t.subject}) between 1 and 200`),
    check('outbox_type_shape', sql`${t.type} ~ '^[a-z][a-z_.]{1,59}$'`),
    check('outbox_data_is_object', sql`jsonb_typeof(${t.data}) = 'object'`),
  ],
)

/** How many statements have written to a table that materialized views read. Sharded, so that writers rarely meet. */
export const sourceWrites = core.table(
  'source_writes',
  {
    source: text('source').notNull(),
    shard: integer('shard').notNull(),
    writes: bigint('writes', { mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.source, t.shard] })],
)

/**
 * One row per refresh of a materialized view: how long it took and what it saw. `confirmed_at` moves on with every
 * later look that found the sources unwritten: until then the view equals them.
 */
export const viewRefreshes = core.table(
  'view_refreshes',
  {
    id: id(),
    view: text('view').notNull(),
    startedAt: instant('started_at').notNull(),
    confirmedAt: instant('confirmed_at').notNull(),
    durationMs: doublePrecision('duration_ms').notNull(),
    rows: bigint('rows', { mode: 'number' }).notNull(),
    sourceWrites: bigint('source_writes', { mode: 'number' }),
    skipped: integer('skipped').notNull().default(0),
  },
  (t) => [check('view_refreshes_confirmed_after_start', sql`${t.confirmedAt} >= ${t.startedAt}`)],
)

/** Where readers of feeds are: `webhooks:<feed>` has queued everything up to there, `removed:<feed>` is the last removed. */
export const feedPositions = core.table('feed_positions', {
  name: text('name').primaryKey(),
  xid: transactionId('xid').notNull(),
  seq: bigint('seq', { mode: 'number' }).notNull(),
  movedAt: instant('moved_at').notNull().defaultNow(),
})

/** Who wants to be told, and where. Its own `xid` is the moment from which on it hears. */
export const webhooks = core.table(
  'webhooks',
  {
    id: id(),
    owner: text('owner').notNull(),
    slot: integer('slot').notNull(),
    url: text('url').notNull(),
    events: text('events').array().notNull(),
    description: text('description'),
    // Sealed with WEBHOOK_KEY (functions/core/seal.ts): signing needs the secret itself, a digest would not do.
    secret: text('secret').notNull(),
    oldSecret: text('old_secret'),
    oldSecretUntil: instant('old_secret_until'),
    failures: integer('failures').notNull().default(0),
    failingSince: instant('failing_since'),
    pausedUntil: instant('paused_until'),
    disabledAt: instant('disabled_at'),
    disabledFor: text('disabled_for'),
    removedAt: instant('removed_at'),
    xid: writtenBy(),
    version: version(),
    createdAt: createdAt(),
  },
  () => [
    check('webhooks_owner_shape', sql`owner = 'admin' or owner ~ '^[a-z]{2,20}:[!-~]{1,128}$'`),
    // How many an owner may have, without a count that two requests could pass together.
    check('webhooks_slot_range', sql`slot between 1 and 20`),
    check('webhooks_url_shape', sql`url ~ '^https?://' and char_length(url) <= 2000`),
    check('webhooks_events_some', sql`cardinality(events) between 1 and 50`),
    check('webhooks_description_length', sql`char_length(description) <= 300`),
    check('webhooks_old_secret_ends', sql`(old_secret is null) = (old_secret_until is null)`),
    check('webhooks_failures_not_negative', sql`failures >= 0`),
    check('webhooks_failing_since_failure', sql`(failures > 0) = (failing_since is not null)`),
    check('webhooks_disabled_for_reason', sql`(disabled_at is null) = (disabled_for is null)`),
  ],
)

/** One event for one webhook, on its way. `body` never changes, so that every attempt sends the same. */
export const webhookDeliveries = core.table(
  'webhook_deliveries',
  {
    id: id(),
    webhookId: idOf('webhook_id')
      .notNull()
      .references(() => webhooks.id),
    eventId: text('event_id').notNull(),
    subject: text('subject').notNull(),
    type: text('type').notNull(),
    body: text('body').notNull(),
    state: text('state', { enum: ['waiting', 'delivered', 'dead'] })
      .notNull()
      .default('waiting'),
    attempts: integer('attempts').notNull().default(0),
    // Since it was queued, or queued again: what the pauses grow with.
    tries: integer('tries').notNull().default(0),
    replays: integer('replays').notNull().default(0),
    dueAt: instant('due_at').notNull().defaultNow(),
    giveUpAt: instant('give_up_at').notNull(),
    reason: text('reason'),
    createdAt: createdAt(),
    finishedAt: instant('finished_at'),
  },
  () => [
    check('webhook_deliveries_state_known', sql`state in ('waiting', 'delivered', 'dead')`),
    check('webhook_deliveries_finished', sql`(state = 'waiting') = (finished_at is null)`),
    check('webhook_deliveries_dead_for_reason', sql`(state = 'dead') = (reason is not null)`),
    check('webhook_deliveries_attempts_not_negative', sql`attempts >= tries and tries >= 0 and replays >= 0`),
  ],
)

/** What became of each attempt; one without an outcome was begun by a sender that was lost. */
export const webhookAttempts = core.table(
  'webhook_attempts',
  {
    deliveryId: idOf('delivery_id')
      .notNull()
      .references(() => webhookDeliveries.id, { onDelete: 'cascade' }),
    number: integer('number').notNull(),
    startedAt: instant('started_at').notNull(),
    outcome: text('outcome'),
    status: integer('status'),
    tookMs: integer('took_ms'),
  },
  (t) => [
    primaryKey({ columns: [t.deliveryId, t.number] }),
    check('webhook_attempts_status_range', sql`${t.status} between 100 and 999`),
  ],
)

export const coreDeclared: Declared[] = [
  role({ name: 'lockstep_app' }),
  // Where a row stands in the order of its feed. Its own transaction id alone would be gap-free but not causal: an id
  // is taken before the wait for a lock, so what follows could stand before what it follows. The latest transaction
  // finished when the row is written is never before its own cause, and a position is still at least the own id, so
  // "below pg_snapshot_xmin" still means committed and visible. Volatile: its snapshot is newer than the wait.
  sqlFunction({
    name: 'core.reading_xid()',
    beforeTables: true,
    create: `
create or replace function core.reading_xid() returns xid8
language plpgsql volatile
set search_path = ''
as $$
begin
  return greatest(
    pg_current_xact_id(),
    (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8
  );
end
$$`,
  }),
  // How far a feed can be read without missing what commits later; kept for the later statements of the transaction.
  // Only writers of the feed hold it back: whoever inserts keeps its lock on the table, and whoever numbers a row itself
  // that on the sequence, until it ends. A row that a later statement cannot see was written either by a transaction that
  // held a lock in step 2, so it stands at that id or above; or after step 2, so it stands at or after what step 1 saw
  // finished and numbered; or by one that held a lock and had no id yet, which is then greater than all of step 1.
  // Race: with step 2 first, or rows read in the snapshot of step 1, a commit in between is lost.
  // Definer: the Worker may not look at sequences. Volatile: each step has a newer snapshot.
  sqlFunction({
    name: 'core.mark_horizon(regclass[],regclass)',
    executeBy: 'lockstep_app',
    create: `
create or replace function core.mark_horizon(tables regclass[], numbers regclass) returns void
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  finished bigint;
  numbered bigint;
  writing bigint;
begin
  finished := pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1;
  numbered := coalesce(pg_sequence_last_value(numbers), 0);

  select min(finished + (((w.transactionid::text::bigint - finished + 2147483648) % 4294967296 + 4294967296) % 4294967296 - 2147483648))
  into writing
  from pg_locks l
  join pg_locks w on w.pid = l.pid and w.locktype = 'transactionid' and w.mode = 'ExclusiveLock' and w.granted
  where l.locktype = 'relation'
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.mode = 'RowExclusiveLock'
    and l.granted
    and l.relation in (
      select p.relid from unnest(tables) t, pg_partition_tree(t) p
      union all
      select t from unnest(tables) t
      union all
      select numbers
    );

  perform set_config('lockstep.horizon', case
    when writing <= finished then writing || ' 0'
    else finished || ' ' || numbered + 1
  end, true);
end
$$`,
  }),
  sqlFunction({
    name: 'core.iso(timestamptz)',
    create: `
create or replace function core.iso(t timestamptz) returns text
language sql stable parallel safe
return to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
  }),
  // A statement that changes something ends in this: it keeps the answer beside the idempotency key and the job run
  // of its transaction, if there are any, and returns it. An answer with "again" is no answer: the key stays free. A run
  // that failed leaves its slot open.
  sqlFunction({
    name: 'core.settled(jsonb)',
    create: `
create or replace function core.settled(answer jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  key text := nullif(current_setting('lockstep.key', true), '');
  run bigint := nullif(current_setting('lockstep.run', true), '')::bigint;
begin
  if key is not null and answer ? 'again' then
    delete from core.idempotency_keys where id = key;
  elsif key is not null then
    update core.idempotency_keys set outcome = answer where id = key;
  end if;
  if run is not null then
    update core.job_runs
    set outcome = coalesce(answer ->> 'outcome', 'ok'),
        rows = (answer ->> 'rows')::bigint,
        error = answer ->> 'error',
        detail = answer - 'outcome' - 'rows' - 'error',
        finished_at = clock_timestamp(),
        round_trips = coalesce(nullif(current_setting('lockstep.trips', true), '')::integer, 1)
    where id = run;
  end if;
  if run is not null and answer ->> 'outcome' = 'failed' then
    delete from core.job_slots s using core.job_runs r where r.id = run and s.job = r.job and s.slot = r.slot;
  end if;
  return answer;
end
$$`,
  }),
  // Race: two requests with one key. The second insert waits on the first's uncommitted row, then finds the key
  // taken; the select after it has a newer snapshot (read committed) and sees the first's answer.
  sqlFunction({
    name: 'core.begin_idempotent(text, text, text, text)',
    create: `
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
  select k.body_hash, k.outcome into kept from core.idempotency_keys k where k.id = key;
  if not found then
    raise exception using errcode = 'LS003', message = 'the key is being given up at this moment';
  end if;
  if kept.body_hash <> hash then
    raise exception using errcode = 'LS002', message = 'the key was used with another request';
  end if;
  raise exception using errcode = 'LS001', message = 'the key has its answer', detail = kept.outcome::text;
exception
  when lock_not_available then
    raise exception using errcode = 'LS003', message = 'the key is in use right now';
end
$$`,
  }),
  // A statement that forgot to settle its answer would leave a key without answer and a run without end: better the
  // transaction fails at once.
  sqlFunction({
    name: 'core.assert_settled()',
    create: `
create or replace function core.assert_settled() returns void
language plpgsql
set search_path = ''
as $$
declare
  key text := nullif(current_setting('lockstep.key', true), '');
  run bigint := nullif(current_setting('lockstep.run', true), '')::bigint;
begin
  if exists (select from core.idempotency_keys k where k.id = key and k.outcome is null)
    or exists (select from core.job_runs r where r.id = run and r.outcome = 'running')
  then
    raise exception 'a statement with an effect did not settle its answer';
  end if;
end
$$`,
  }),
  // Leaves the batch by an exception, so that nothing after it runs. Released with the transaction, or its death.
  sqlFunction({
    name: 'core.take_lock(bigint)',
    create: `
create or replace function core.take_lock(lock_id bigint) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not pg_catalog.pg_try_advisory_xact_lock(lock_id) then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lock';
  end if;
end
$$`,
  }),
  // Race: one tick fired twice, one after the other. A lock would be free again; the slot's row is not, and commits
  // with the work.
  sqlFunction({
    name: 'core.take_slot(text, timestamptz)',
    create: `
create or replace function core.take_slot(job_name text, slot_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into core.job_slots (job, slot) values (job_name, slot_at) on conflict do nothing;
  if not found then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$$`,
  }),
  sqlFunction({
    name: 'core.assert_slot_open(text, timestamptz)',
    create: `
create or replace function core.assert_slot_open(job_name text, slot_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from core.job_slots s where s.job = job_name and s.slot = slot_at) then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$$`,
  }),
  sqlFunction({
    name: 'core.begin_run(text, timestamptz, text)',
    create: `
create or replace function core.begin_run(job_name text, slot_at timestamptz, fired_by text) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  run bigint;
begin
  insert into core.job_runs (job, slot, trigger, started_at)
  values (job_name, slot_at, fired_by, clock_timestamp())
  returning id into run;
  perform set_config('lockstep.run', run::text, true);
  return run;
end
$$`,
  }),
  // Race: two takers of an expired lease. The upsert's row lock lets the second one see the first's new expiry. A
  // holder that is writing at this moment keeps it, expired or not.
  sqlFunction({
    name: 'core.take_lease(text, text, interval)',
    create: `
create or replace function core.take_lease(lease_name text, holder text, time_to_live interval) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  taken bigint;
begin
  insert into core.leases as l (name, owner, fence, expires_at)
  values (lease_name, holder, 1, clock_timestamp() + time_to_live)
  on conflict (name) do update
  set owner = excluded.owner, fence = l.fence + 1, expires_at = excluded.expires_at
  where l.expires_at <= clock_timestamp()
  returning l.fence into taken;
  if taken is null then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lease';
  end if;
  return taken;
exception
  when lock_not_available then
    raise exception using errcode = 'LS010', message = 'the holder of this lease is writing';
end
$$`,
  }),
  // Race: a holder that was taken over while it worked. The share lock on the lease row keeps a taker waiting until
  // this transaction ends, and an older fence ends the transaction.
  sqlFunction({
    name: 'core.assert_lease(text, bigint)',
    create: `
create or replace function core.assert_lease(lease_name text, lease_fence bigint) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from core.leases l where l.name = lease_name and l.fence = lease_fence for share;
  if not found then
    raise exception using errcode = 'LS012', message = 'the lease has another holder';
  end if;
end
$$`,
  }),
  sqlFunction({
    name: 'core.assert_replayed(xid8)',
    create: `
create or replace function core.assert_replayed(after xid8) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not pg_catalog.pg_visible_in_snapshot(after, pg_catalog.pg_current_snapshot()) then
    raise exception using errcode = 'LS020', message = 'this replica has not replayed that far';
  end if;
end
$$`,
  }),
  sqlFunction({
    name: 'core.count_writes()',
    create: `
create or replace function core.count_writes() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if tg_op <> 'TRUNCATE' then
    if not exists (select from changed) then
      return null;
    end if;
  end if;
  insert into core.source_writes as w (source, shard, writes)
  values (tg_table_schema || '.' || tg_table_name, pg_catalog.pg_backend_pid() % 16, 1)
  on conflict (source, shard) do update
  set writes = w.writes + 1;
  return null;
end
$$`,
  }),
  // What a view reads is in the catalog: nothing to declare twice. Null when a source is not counted.
  sqlFunction({
    name: 'core.writes_behind(oid)',
    create: `
create or replace function core.writes_behind(view_id oid) returns bigint
language sql stable
set search_path = ''
as $$
  with sources as (
    select distinct d.refobjid as id
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
    where r.ev_class = view_id
      and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.refobjid <> view_id
  ),
  counted as (
    select
      exists (
        select from pg_catalog.pg_trigger t
        where t.tgrelid = s.id
          and t.tgfoid = 'core.count_writes()'::regprocedure
      ) as is_counted,
      (select sum(w.writes) from core.source_writes w where w.source = n.nspname || '.' || c.relname) as writes
    from sources s
    join pg_catalog.pg_class c on c.oid = s.id
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  )
  select case when bool_and(is_counted) then coalesce(sum(writes), 0)::bigint end
  from counted
$$`,
  }),
  // Race: a write that commits while the view is being refreshed. The writes are counted in a statement before the
  // refresh, so by an older snapshot (read committed): whatever is counted is in the view, whatever is not will be
  // found at the next look. Never under repeatable read. Concurrently, so that no reader waits; two refreshers do not
  // wait for each other either. Definer: only its owner may refresh a view, and the Worker owns nothing.
  sqlFunction({
    name: 'core.refresh_view(text, interval)',
    executeBy: 'lockstep_app',
    create: `
create or replace function core.refresh_view(view_name text, max_age interval default null)
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language plpgsql security definer
set search_path = ''
as $$
declare
  found_view record;
  known record;
  begun timestamptz := clock_timestamp();
  counted bigint;
  seen bigint;
begin
  select c.oid as id, c.relispopulated as populated into found_view
  from pg_catalog.pg_class c
  where c.oid = to_regclass(view_name)
    and c.relkind = 'm';
  if not found then
    raise exception '% is no materialized view', view_name;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('refresh ' || view_name, 0)) then
    return query select view_name, 'busy', null::bigint, null::float8, null::timestamptz;
    return;
  end if;
  counted := core.writes_behind(found_view.id);
  select * into known from core.view_refreshes v where v.view = view_name order by v.id desc limit 1;
  if found_view.populated
    and known.source_writes = counted
    and (max_age is null or known.started_at > begun - max_age)
  then
    update core.view_refreshes v set confirmed_at = begun, skipped = v.skipped + 1 where v.id = known.id;
    return query select view_name, 'skipped', known.rows, 0::float8, begun;
    return;
  end if;
  execute format(
    'refresh materialized view %s %s',
    case when found_view.populated then 'concurrently' else '' end,
    found_view.id::regclass
  );
  execute format('select count(*) from %s', found_view.id::regclass) into seen;
  delete from core.view_refreshes v where v.view = view_name and v.started_at < begun - interval '30 days';
  insert into core.view_refreshes as v (view, started_at, confirmed_at, duration_ms, rows, source_writes)
  values (view_name, begun, begun, extract(epoch from clock_timestamp() - begun) * 1000, seen, counted)
  returning v.* into known;
  return query select view_name, 'refreshed', known.rows, known.duration_ms, begun;
end
$$`,
  }),
  sqlFunction({
    name: 'core.get_views_refresh_status()',
    create: `
create or replace function core.get_views_refresh_status()
returns table (
  view text,
  populated boolean,
  last_refresh timestamptz,
  confirmed_at timestamptz,
  age_seconds double precision,
  duration_ms double precision,
  rows bigint,
  size_bytes bigint,
  pending_writes bigint,
  skipped integer
)
language sql stable
set search_path = ''
as $$
  select
    n.nspname || '.' || c.relname,
    c.relispopulated,
    last.started_at,
    last.confirmed_at,
    extract(epoch from clock_timestamp() - last.confirmed_at)::float8,
    last.duration_ms,
    last.rows,
    pg_catalog.pg_total_relation_size(c.oid),
    core.writes_behind(c.oid) - last.source_writes,
    last.skipped
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    select *
    from core.view_refreshes v
    where v.view = n.nspname || '.' || c.relname
    order by v.id desc
    limit 1
  ) last on true
  where c.relkind = 'm'
  order by 1
$$`,
  }),
  grants({ on: 'schema core', to: 'lockstep_app', privileges: ['usage'] }),
  grants({ on: 'table core.source_writes', to: 'lockstep_app', privileges: ['select'] }),
  grants({ on: 'table core.view_refreshes', to: 'lockstep_app', privileges: ['select'] }),
  sqlIndex({
    name: 'idx_view_refreshes_view',
    table: 'core.view_refreshes',
    columns: ['view', 'id desc'],
    serves: 'the newest refresh of a view: its age, and whether its sources have moved since',
  }),
  grants({
    on: 'table core.job_runs',
    to: 'lockstep_app',
    privileges: ['select', 'insert', 'update', 'delete'],
  }),
  grants({ on: 'table core.job_slots', to: 'lockstep_app', privileges: ['select', 'insert', 'delete'] }),
  grants({ on: 'table core.leases', to: 'lockstep_app', privileges: ['select', 'insert', 'update'] }),
  grants({ on: 'table core.outbox', to: 'lockstep_app', privileges: ['select', 'insert', 'delete'] }),
  grants({ on: 'table core.feed_positions', to: 'lockstep_app', privileges: ['select', 'insert', 'update'] }),
  grants({
    on: 'table core.webhooks',
    to: 'lockstep_app',
    privileges: ['select', 'insert', 'update', 'delete'],
  }),
  grants({
    on: 'table core.webhook_deliveries',
    to: 'lockstep_app',
    privileges: ['select', 'insert', 'update', 'delete'],
  }),
  grants({
    on: 'table core.webhook_attempts',
    to: 'lockstep_app',
    privileges: ['select', 'insert', 'update', 'delete'],
  }),
  grants({
    on: 'table core.idempotency_keys',
    to: 'lockstep_app',
    privileges: ['select', 'insert', 'update', 'delete'],
  }),
  sqlIndex({
    name: 'idx_job_runs_job',
    table: 'core.job_runs',
    columns: ['job', 'id desc'],
    serves: 'the newest runs of one job',
  }),
  sqlIndex({
    name: 'idx_webhooks_slot',
    table: 'core.webhooks',
    unique: true,
    columns: ['owner', 'slot'],
    where: 'removed_at is null',
    serves: 'an owner has a bounded number of webhooks; GET /v1/webhooks',
  }),
  sqlIndex({
    name: 'idx_webhook_deliveries_event',
    table: 'core.webhook_deliveries',
    unique: true,
    columns: ['webhook_id', 'event_id'],
    serves: 'an event is queued for a webhook once; replay from an event',
  }),
  sqlIndex({
    name: 'idx_webhook_deliveries_due',
    table: 'core.webhook_deliveries',
    columns: ['webhook_id', 'due_at', 'id'],
    where: "state = 'waiting'",
    serves: 'what a sender takes next',
  }),
  sqlIndex({
    name: 'idx_webhook_deliveries_subject',
    table: 'core.webhook_deliveries',
    columns: ['webhook_id', 'subject', 'id'],
    where: "state = 'waiting'",
    serves: 'whether an earlier event of the subject still waits',
  }),
  sqlIndex({
    name: 'idx_webhook_deliveries_list',
    table: 'core.webhook_deliveries',
    columns: ['webhook_id', 'state', 'id desc'],
    serves: 'GET /v1/webhooks/{id}/deliveries',
  }),
  sqlIndex({
    name: 'idx_webhook_deliveries_created_brin',
    table: 'core.webhook_deliveries',
    using: 'brin',
    columns: ['created_at'],
    with: { pages_per_range: 32, autosummarize: 'on' },
    serves: 'the removal of deliveries past their time',
  }),
  sqlIndex({
    name: 'idx_idempotency_keys_created',
    table: 'core.idempotency_keys',
    columns: ['created_at'],
    serves: 'the removal of keys past their day',
  }),
]
