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
import { createdAt, id, idOf, instant, transactionId, version, writtenBy } from '../kit/columns.ts'

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
