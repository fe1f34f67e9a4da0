import { sql } from 'drizzle-orm'
import { check, integer, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core'
import { createdAt, id, idOf, instant, listed, version, writtenBy } from '../kit/columns.ts'
import { deliveryStates } from './states.ts'

export const webhooksSchema = pgSchema('webhooks')

/** Subscriptions. A webhook receives the events after its own `xid`. */
export const webhooks = webhooksSchema.table(
  'webhooks',
  {
    id: id(),
    owner: text('owner').notNull(),
    slot: integer('slot').notNull(),
    url: text('url').notNull(),
    events: text('events').array().notNull(),
    description: text('description'),
    // Encrypted with WEBHOOK_KEY (functions/core/encrypt.ts). A signature needs the secret itself; a digest is not enough.
    secret: text('secret').notNull(),
    oldSecret: text('old_secret'),
    oldSecretUntil: instant('old_secret_until'),
    failures: integer('failures').notNull().default(0),
    failingSince: instant('failing_since'),
    pausedUntil: instant('paused_until'),
    disabledAt: instant('disabled_at'),
    disabledFor: text('disabled_for'),
    removedAt: instant('removed_at'),
    // When the limit of test events is wholly free again (functions/webhooks/deliveries/send-test.ts).
    testsFreeAt: instant('tests_free_at'),
    xid: writtenBy(),
    version: version(),
    createdAt: createdAt(),
  },
  () => [
    check('webhooks_owner_shape', sql`owner = 'admin' or owner ~ '^[a-z]{2,20}:[!-~]{1,128}$'`),
    // Limits the webhooks of an owner. Race: two requests count before either inserts; the unique slot refuses one.
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

/** One event for one webhook. `body` never changes, so every attempt sends the same bytes. */
export const webhookDeliveries = webhooksSchema.table(
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
    state: text('state', { enum: deliveryStates }).notNull().default('waiting'),
    attempts: integer('attempts').notNull().default(0),
    // Attempts since the delivery was queued, or queued again. The pauses grow with it.
    tries: integer('tries').notNull().default(0),
    replays: integer('replays').notNull().default(0),
    dueAt: instant('due_at').notNull().defaultNow(),
    giveUpAt: instant('give_up_at').notNull(),
    reason: text('reason'),
    createdAt: createdAt(),
    finishedAt: instant('finished_at'),
  },
  () => [
    check('webhook_deliveries_state_known', sql`state in (${listed(deliveryStates)})`),
    check('webhook_deliveries_finished', sql`(state = 'waiting') = (finished_at is null)`),
    check('webhook_deliveries_dead_for_reason', sql`(state = 'dead') = (reason is not null)`),
    check('webhook_deliveries_attempts_not_negative', sql`attempts >= tries and tries >= 0 and replays >= 0`),
  ],
)

/** The outcome of each attempt. An attempt has none if its sender died. */
export const webhookAttempts = webhooksSchema.table(
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
