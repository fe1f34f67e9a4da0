import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  numeric,
  pgSchema,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { createdAt, id, instant, listed, transactionId, writtenBy } from '../kit/columns.ts'
import { alertSeverities, alertStates, notifiedStates, runOutcomes, runTriggers } from './states.ts'

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
    /** The transaction that began the run, and that did its work unless the job works in portions or under a lease. */
    xid: transactionId('xid'),
  },
  (t) => [
    check('job_runs_trigger', sql`${t.trigger} in (${listed(runTriggers)})`),
    check('job_runs_outcome', sql`${t.outcome} in (${listed(runOutcomes)})`),
    check('job_runs_finished', sql`(${t.outcome} = 'running') = (${t.finishedAt} is null)`),
  ],
)

/** The operator keeps a job from running for a while. Its slots meanwhile are paused, not missed. */
export const jobPauses = core.table(
  'job_pauses',
  {
    id: id(),
    job: text('job').notNull(),
    since: instant('since').notNull().defaultNow(),
    until: instant('until').notNull(),
    reason: text('reason').notNull(),
    by: text('by').notNull(),
    /** Set when the pause was ended before its time. */
    endedAt: instant('ended_at'),
  },
  (t) => [
    index('idx_job_pauses_job').on(t.job, t.until),
    check('job_pauses_day', sql`${t.until} <= ${t.since} + interval '24 hours'`),
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

/**
 * The answer to a request that a client may repeat. `id` is a digest of principal, route and key. `xid` is the transaction
 * of the request: its low half is the xmin of the rows that the request appended, so these need not name the request.
 */
export const idempotencyKeys = core.table('idempotency_keys', {
  id: text('id').primaryKey(),
  principal: text('principal').notNull(),
  route: text('route').notNull(),
  bodyHash: text('body_hash').notNull(),
  outcome: jsonb('outcome'),
  createdAt: createdAt(),
  requestId: text('request_id'),
  xid: transactionId('xid'),
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

/** The newest comparison of a materialized view with its query: the rows that differed, which a refresh has repaired. */
export const viewRecounts = core.table('view_recounts', {
  view: text('view').primaryKey(),
  recountedAt: instant('recounted_at').notNull(),
  driftKeys: bigint('drift_keys', { mode: 'number' }).notNull(),
})

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
    check('partitioned_relation_shape', sql`${t.relation} ~ '^[a-z_]{1,30}[.][a-z][a-z0-9_]{0,49}$'`),
    check('partitioned_key', sql`${t.key} in ('time', 'id')`),
    check('partitioned_every', sql`${t.every} in ('day', 'month')`),
    check('partitioned_ahead', sql`${t.ahead} between 1 and 60`),
    check('partitioned_kept', sql`${t.kept} between 1 and 1000`),
  ],
)

/**
 * Every message of a stream that has arrived, kept for seven days. The key makes a redelivery a no-op. `answered` is the
 * running total of the isolate `source` up to and with this message, so a gap between two totals is a message that has
 * not arrived. `dead`: its items are in dead_messages.
 */
export const ingestMessages = core.table(
  'ingest_messages',
  {
    stream: text('stream').notNull(),
    source: uuid('source').notNull(),
    n: integer('n').notNull(),
    at: instant('at').notNull(),
    answered: bigint('answered', { mode: 'number' }).notNull(),
    items: integer('items').notNull(),
    dead: boolean('dead').notNull().default(false),
    receivedAt: instant('received_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.stream, t.source, t.n] }),
    check('ingest_messages_counts', sql`${t.n} > 0 and ${t.items} > 0 and ${t.answered} >= ${t.items}`),
  ],
)

/** Sums of an isolate's messages. `answered` above `items` means that messages are on their way, or missing. */
export const ingestSources = core.table(
  'ingest_sources',
  {
    stream: text('stream').notNull(),
    source: uuid('source').notNull(),
    answered: bigint('answered', { mode: 'number' }).notNull(),
    items: bigint('items', { mode: 'number' }).notNull(),
    messages: integer('messages').notNull(),
    lastAt: instant('last_at').notNull(),
    receivedAt: instant('received_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.stream, t.source] }),
    // However messages are lost or shuffled, an isolate's items never exceed its highest total.
    check('ingest_sources_total', sql`${t.answered} >= ${t.items}`),
  ],
)

/** The outcomes of the items of a minute, by the clock of the isolates. `missing`: gaps that retention has closed. */
export const ingestMinutes = core.table(
  'ingest_minutes',
  {
    stream: text('stream').notNull(),
    minute: instant('minute').notNull(),
    items: bigint('items', { mode: 'number' }).notNull().default(0),
    stored: bigint('stored', { mode: 'number' }).notNull().default(0),
    duplicate: bigint('duplicate', { mode: 'number' }).notNull().default(0),
    rejected: bigint('rejected', { mode: 'number' }).notNull().default(0),
    dead: bigint('dead', { mode: 'number' }).notNull().default(0),
    missing: bigint('missing', { mode: 'number' }).notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.stream, t.minute] }),
    // A verb that does not account for every item of its messages fails, so none of them is stored.
    check(
      'ingest_minutes_accounted',
      sql`${t.items} = ${t.stored} + ${t.duplicate} + ${t.rejected} + ${t.dead}`,
    ),
  ],
)

/**
 * Messages that their consumer gave up. `body` is text, because a body that no jsonb can hold is a reason to be here.
 * Without a readable head, `source` and the counts are null, and the items count as missing.
 */
export const deadMessages = core.table(
  'dead_messages',
  {
    id: id(),
    stream: text('stream').notNull(),
    message: text('message').notNull(),
    source: uuid('source'),
    n: integer('n'),
    items: integer('items'),
    body: text('body').notNull(),
    reason: text('reason').notNull(),
    attempts: integer('attempts').notNull(),
    createdAt: createdAt(),
    replayedAt: instant('replayed_at'),
  },
  (t) => [uniqueIndex('dead_messages_message').on(t.stream, t.message)],
)

/**
 * The size of each table and index, and the scans of each index, once a day. Postgres forgets its counters at a restart,
 * so only days can show what grows and which index nobody uses.
 */
export const relationDays = core.table(
  'relation_days',
  {
    relation: text('relation').notNull(),
    day: date('day').notNull(),
    bytes: bigint('bytes', { mode: 'number' }).notNull(),
    /** Since the counters began; null for tables. */
    scans: bigint('scans', { mode: 'number' }),
  },
  (t) => [primaryKey({ columns: [t.relation, t.day] })],
)

/** The cost of statements, as pg_stat_statements counts it. */
const costs = () => ({
  calls: bigint('calls', { mode: 'number' }).notNull(),
  totalMs: doublePrecision('total_ms').notNull(),
  squaresMs: doublePrecision('squares_ms').notNull(),
  rows: bigint('rows', { mode: 'number' }).notNull(),
  blocksHit: bigint('blocks_hit', { mode: 'number' }).notNull(),
  blocksRead: bigint('blocks_read', { mode: 'number' }).notNull(),
  tempBytes: bigint('temp_bytes', { mode: 'number' }).notNull(),
  walBytes: numeric('wal_bytes').notNull(),
})

/** The counters of each of our statements at the last reading. The next reading adds the difference. */
export const queryMarks = core.table('query_marks', {
  queryId: bigint('query_id', { mode: 'bigint' }).primaryKey(),
  name: text('name').notNull(),
  ...costs(),
  /** Another moment than before means that Postgres began anew. */
  statsSince: instant('stats_since').notNull(),
  readAt: instant('read_at').notNull(),
})

/** The text of each statement as Postgres keeps it, with its constants replaced by parameters. */
export const queryTexts = core.table(
  'query_texts',
  {
    queryId: bigint('query_id', { mode: 'bigint' }).primaryKey(),
    name: text('name').notNull(),
    text: text('text').notNull(),
    firstSeenAt: instant('first_seen_at').notNull().defaultNow(),
    lastSeenAt: instant('last_seen_at').notNull().defaultNow(),
  },
  (t) => [index('idx_query_texts_name').on(t.name)],
)

/** The cost of the statements of one name in five minutes, and after two days in an hour. */
export const queryStats = core.table(
  'query_stats',
  {
    name: text('name').notNull(),
    minutes: smallint('minutes').notNull(),
    begins: instant('begins').notNull(),
    ...costs(),
    resets: integer('resets').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.name, t.minutes, t.begins] }),
    index('idx_query_stats_begins').on(t.begins),
    check('query_stats_minutes', sql`${t.minutes} in (5, 60)`),
  ],
)

/** One row: when the statements were last read, and how many entries Postgres had removed for want of room. */
export const queryReads = core.table(
  'query_reads',
  {
    id: smallint('id').primaryKey(),
    readAt: instant('read_at').notNull(),
    /** Entries that Postgres removed, since it began to count. */
    removed: bigint('removed', { mode: 'number' }).notNull(),
    /** When that number last rose: the work of those statements since the reading before is unknown. */
    evictedAt: instant('evicted_at'),
    statements: integer('statements').notNull(),
  },
  (t) => [check('query_reads_one', sql`${t.id} = 1`)],
)

/**
 * A time during which the value of a rule was beyond its limit, or was not known. `labels` name the thing that is watched,
 * and one row is open for each rule and thing. `notified`: the last state that was sent to receivers. While it differs from
 * `state`, a message is due.
 */
export const alerts = core.table(
  'alerts',
  {
    id: id(),
    rule: text('rule').notNull(),
    labels: jsonb('labels').notNull(),
    state: text('state').notNull(),
    severity: text('severity').notNull(),
    since: instant('since').notNull(),
    seenAt: instant('seen_at').notNull(),
    firedAt: instant('fired_at'),
    clearingSince: instant('clearing_since'),
    endedAt: instant('ended_at'),
    value: doublePrecision('value'),
    peak: doublePrecision('peak'),
    count: integer('count').notNull().default(0),
    why: text('why'),
    evidence: jsonb('evidence').notNull().default([]),
    notified: text('notified'),
    notifiedSeverity: text('notified_severity'),
    notifiedAt: instant('notified_at'),
    flapping: boolean('flapping').notNull().default(false),
    ackedAt: instant('acked_at'),
    ackedBy: text('acked_by'),
    note: text('note'),
  },
  (t) => [
    uniqueIndex('alerts_open').on(t.rule, t.labels).where(sql`ended_at is null`),
    // The messages that are owed for alerts that have ended, after a silence or while the alert was flapping.
    index('idx_alerts_owing').on(t.id).where(sql`ended_at is not null and notified in ('firing', 'unknown')`),
    // How often an alert changed within the hour; the list of resolved alerts.
    index('idx_alerts_ended').on(t.endedAt).where(sql`ended_at is not null`),
    check('alerts_state', sql`${t.state} in (${listed(alertStates)})`),
    check('alerts_severity', sql`${t.severity} in (${listed(alertSeverities)})`),
    check('alerts_notified', sql`${t.notified} in (${listed(notifiedStates)})`),
    check('alerts_ended', sql`(${t.state} = 'resolved') = (${t.endedAt} is not null)`),
    check('alerts_fired', sql`${t.state} <> 'firing' or ${t.firedAt} is not null`),
    check('alerts_acked', sql`(${t.ackedAt} is null) = (${t.ackedBy} is null)`),
  ],
)

/** The values of a rule in a minute, one for each thing that it watches. Kept for fourteen days. */
export const alertValues = core.table(
  'alert_values',
  {
    rule: text('rule').notNull(),
    at: instant('at').notNull(),
    /** `[{ labels, value }]`; the value is null when it was not known. */
    measured: jsonb('measured').notNull(),
  },
  (t) => [primaryKey({ columns: [t.rule, t.at] })],
)

/** While a silence is in force, alerts of the rule whose labels contain its labels send no message. Without a rule: all. */
export const silences = core.table(
  'silences',
  {
    id: id(),
    rule: text('rule'),
    labels: jsonb('labels').notNull().default({}),
    reason: text('reason').notNull(),
    by: text('by').notNull(),
    since: instant('since').notNull().defaultNow(),
    /** Null: until no alert of the rule with these labels is open. */
    until: instant('until'),
    endedAt: instant('ended_at'),
    endedBy: text('ended_by'),
  },
  (t) => [
    index('idx_silences_open').on(t.id).where(sql`ended_at is null`),
    check('silences_week', sql`${t.until} <= ${t.since} + interval '7 days'`),
    check('silences_ended', sql`(${t.endedAt} is null) = (${t.endedBy} is null)`),
  ],
)

/** Each act of an operator, with its reason. The Worker may only append. */
export const operatorActions = core.table(
  'operator_actions',
  {
    id: id(),
    at: instant('at').notNull().defaultNow(),
    by: text('by').notNull(),
    action: text('action').notNull(),
    subject: text('subject').notNull(),
    reason: text('reason'),
    detail: jsonb('detail').notNull().default({}),
  },
  (t) => [
    index('idx_operator_actions_subject').on(t.subject, t.id),
    check('operator_actions_action', sql`${t.action} ~ '^[a-z]+[.][a-z_]+$'`),
  ],
)
