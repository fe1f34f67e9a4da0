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
import { createdAt, id, instant, listed, transactionId, writtenBy } from '../kit/columns.ts'
import { runOutcomes, runTriggers } from './states.ts'

export const core = pgSchema('core')

/** Every run of a job leaves a row, a failed run too. `slot` is null for a run that a person started. */
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
    check('job_runs_trigger', sql`${t.trigger} in (${listed(runTriggers)})`),
    check('job_runs_outcome', sql`${t.outcome} in (${listed(runOutcomes)})`),
    check('job_runs_finished', sql`(${t.outcome} = 'running') = (${t.finishedAt} is null)`),
  ],
)

/** A finished slot of a job. The row commits with the work, so a tick that fires twice does the work once. */
export const jobSlots = core.table(
  'job_slots',
  {
    job: text('job').notNull(),
    slot: instant('slot').notNull(),
    doneAt: instant('done_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.job, t.slot] })],
)

/** The holder of long work. The row stays when the lease ends, because its fence must never fall. */
export const leases = core.table('leases', {
  name: text('name').primaryKey(),
  owner: text('owner').notNull(),
  fence: bigint('fence', { mode: 'number' }).notNull(),
  expiresAt: instant('expires_at').notNull(),
})

/** The answer to a request that a client may repeat. `id` is a digest of principal, route and key. */
export const idempotencyKeys = core.table('idempotency_keys', {
  id: text('id').primaryKey(),
  principal: text('principal').notNull(),
  route: text('route').notNull(),
  bodyHash: text('body_hash').notNull(),
  outcome: jsonb('outcome'),
  createdAt: createdAt(),
})

/**
 * Events for readers outside their module. The statement that makes the change inserts its
 * event (functions/core/outbox.ts). `audience` names who may receive it besides admins: `tenant:7`, `store:3`.
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
    // Readers read in this order. It is the only index, so an event costs its writer one entry.
    primaryKey({ columns: [t.xid, t.seq] }),
    check('outbox_topic_shape', sql`${t.topic} ~ '^[a-z]{2,20}$'`),
    check('outbox_audience_shape', sql`${t.audience} ~ '^[a-z]{2,20}:[!-~]{1,128}$'`),
    check('outbox_subject_length', sql`char_length(${t.subject}) between 1 and 200`),
    check('outbox_type_shape', sql`${t.type} ~ '^[a-z][a-z_.]{1,59}$'`),
    check('outbox_data_is_object', sql`jsonb_typeof(${t.data}) = 'object'`),
  ],
)

/**
 * Counts the statements that wrote to a table of a materialized view. Shards keep writers from waiting for each
 * other.
 */
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
 * One row for each refresh of a materialized view: its duration and the count of writes before it. A later call that
 * finds no new write sets `confirmed_at`: up to that moment the view equals its tables.
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

/**
 * Cursors of feeds: a reader has read all events up to `<reader>:<feed>`; `removed:<feed>` is the last event that retention
 * removed.
 */
export const feedPositions = core.table('feed_positions', {
  name: text('name').primaryKey(),
  xid: transactionId('xid').notNull(),
  seq: bigint('seq', { mode: 'number' }).notNull(),
  movedAt: instant('moved_at').notNull().defaultNow(),
})

/**
 * The tables whose partitions core.keep_partitions() makes and drops. Migrations write it, from `partitioned` of
 * schema/kit/partitions.ts; the Worker only reads it.
 */
export const partitioned = core.table(
  'partitioned',
  {
    relation: text('relation').primaryKey(),
    key: text('key').notNull(),
    every: text('every').notNull(),
    ahead: integer('ahead').notNull(),
    kept: integer('kept').notNull(),
    foldedBy: text('folded_by'),
  },
  (t) => [
    // The name of a partition adds up to nine characters, and Postgres cuts names at 63.
    check('partitioned_relation_shape', sql`${t.relation} ~ '^[a-z_]{1,30}[.][a-z_]{1,50}$'`),
    check('partitioned_key', sql`${t.key} in ('time', 'id')`),
    check('partitioned_every', sql`${t.every} in ('day', 'month')`),
    check('partitioned_ahead', sql`${t.ahead} between 1 and 60`),
    check('partitioned_kept', sql`${t.kept} between 1 and 1000`),
  ],
)
