import { type SQL, sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
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
import { instant, writtenBy } from '../kit/columns.ts'

export const ledger = pgSchema('ledger')

/** The largest amount that a JSON number carries exactly. */
const maxMinor = '9007199254740991'

/** What each does to the account: balance, reserved. */
const postings = {
  V1_BALANCES_BALANCE_CREDITED: [1, 0],
  V1_BALANCES_BALANCE_DEBITED: [-1, 0],
  V1_BALANCES_BALANCE_RESERVED: [0, 1],
  V1_BALANCES_BALANCE_RELEASED: [0, -1],
}

const accountNotices = [
  'V1_SYSTEM_ACCOUNT_QUARANTINED',
  'V1_SYSTEM_ACCOUNT_CLEARED',
  'V1_SYSTEM_OVERDRAFT_ALLOWED',
  'V1_SYSTEM_OVERDRAFT_FORBIDDEN',
]

export const tenant = "nullif(current_setting('app.tenant_id', true), '')::bigint"

/** One order for all events. Where one event waited for another's lock, its number is the higher one. */
export const eventSeq = ledger.sequence('event_seq')

export const betEvents = ledger.table('bet_events', eventColumns(), (t) => [
  primaryKey({ columns: [t.tenantId, t.aggregateId, t.streamVersion] }),
  ...eventRules('bet_events', sql`ledger.bet_state(event_type) is not null`),
])

export const paymentEvents = ledger.table('payment_events', eventColumns(), (t) => [
  primaryKey({ columns: [t.tenantId, t.aggregateId, t.streamVersion] }),
  ...eventRules('payment_events', sql`ledger.payment_state(event_type) is not null`),
])

/**
 * A stream is what one bet, payment or transfer did to accounts. An account is not a stream: then every credit would
 * wait for the one before it, only to learn its version.
 */
export const balanceEvents = ledger.table(
  'balance_events',
  {
    ...eventColumns(),
    userId: text('user_id').notNull().generatedAlwaysAs(sql`event_data ->> 'userId'`),
    currency: text('currency').notNull().generatedAlwaysAs(sql`event_data ->> 'currency'`),
    balanceDelta: bigint('balance_delta', { mode: 'number' }).notNull().generatedAlwaysAs(posted(0)),
    reservedDelta: bigint('reserved_delta', { mode: 'number' }).notNull().generatedAlwaysAs(posted(1)),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.aggregateId, t.streamVersion] }),
    ...eventRules('balance_events', sql`event_type in (${listed(Object.keys(postings))})`),
    check(
      'balance_events_amount_exact',
      sql`(event_data ->> 'amountMinor')::numeric between 1 and ${sql.raw(maxMinor)}`,
    ),
  ],
)

/** What was decided about an account, by people and by the job that checks the invariants. */
export const systemEvents = ledger.table(
  'system_events',
  {
    ...eventColumns(),
    userId: text('user_id').notNull().generatedAlwaysAs(sql`event_data ->> 'userId'`),
    currency: text('currency').notNull().generatedAlwaysAs(sql`event_data ->> 'currency'`),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.aggregateId, t.streamVersion] }),
    ...eventRules('system_events', sql`event_type in (${listed(accountNotices)})`),
  ],
)

export const betsView = ledger.table(
  'bets_view',
  {
    tenantId: bigint('tenant_id', { mode: 'number' }).notNull(),
    betId: text('bet_id').notNull(),
    userId: text('user_id').notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    odds: numeric('odds').notNull(),
    selection: text('selection').notNull(),
    status: text('status').notNull(),
    payoutMinor: bigint('payout_minor', { mode: 'number' }),
    placedAt: instant('placed_at').notNull(),
    settledAt: instant('settled_at'),
    streamVersion: integer('stream_version').notNull(),
    open: boolean('open').notNull().generatedAlwaysAs(sql`status in ('placed', 'accepted')`),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.betId] })],
)

export const paymentsView = ledger.table(
  'payments_view',
  {
    tenantId: bigint('tenant_id', { mode: 'number' }).notNull(),
    paymentId: text('payment_id').notNull(),
    kind: text('kind').notNull(),
    userId: text('user_id').notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    status: text('status').notNull(),
    requestedAt: instant('requested_at').notNull(),
    settledAt: instant('settled_at'),
    streamVersion: integer('stream_version').notNull(),
    open: boolean('open').notNull().generatedAlwaysAs(sql`status = 'requested'`),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.paymentId] })],
)

/** What must be checked before money goes is on this row, and its lock is the only one that such commands share. */
export const userBalancesView = ledger.table(
  'user_balances_view',
  {
    tenantId: bigint('tenant_id', { mode: 'number' }).notNull(),
    userId: text('user_id').notNull(),
    currency: text('currency').notNull(),
    balanceMinor: bigint('balance_minor', { mode: 'number' }).notNull().default(0),
    reservedMinor: bigint('reserved_minor', { mode: 'number' }).notNull().default(0),
    availableMinor: bigint('available_minor', { mode: 'number' })
      .notNull()
      .generatedAlwaysAs(sql`balance_minor - reserved_minor`),
    // An index over available_minor itself would be written with every change of it: 26 µs an event instead of 20.
    funded: boolean('funded').notNull().generatedAlwaysAs(sql`balance_minor - reserved_minor > 0`),
    mayGoNegative: boolean('may_go_negative').notNull().default(false),
    quarantinedAt: instant('quarantined_at'),
    lastSeq: bigint('last_seq', { mode: 'number' }).notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.userId, t.currency] }),
    check('user_balances_view_reserved', sql`reserved_minor >= 0`),
    check('user_balances_view_available', sql`balance_minor - reserved_minor >= 0 or may_go_negative`),
    check(
      'user_balances_view_exact',
      sql`balance_minor between -${sql.raw(maxMinor)} and ${sql.raw(maxMinor)}`,
    ),
  ],
)

/**
 * Changes that found the account's row locked and could not make it unsound: they wait here instead of for the lock,
 * count for every reader, and are folded into the row by the next who holds it.
 */
export const balanceDeltas = ledger.table(
  'balance_deltas',
  {
    tenantId: bigint('tenant_id', { mode: 'number' }).notNull(),
    userId: text('user_id').notNull(),
    currency: text('currency').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    balanceDelta: bigint('balance_delta', { mode: 'number' }).notNull(),
    reservedDelta: bigint('reserved_delta', { mode: 'number' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.userId, t.currency, t.seq] }),
    check('balance_deltas_take_nothing', sql`balance_delta >= reserved_delta`),
  ],
)

/** Something the invariants job found, with the rows that show it. Open until somebody clears it. */
export const alerts = ledger.table(
  'alerts',
  {
    tenantId: bigint('tenant_id', { mode: 'number' }).notNull(),
    id: bigint('id', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    kind: text('kind').notNull(),
    subject: text('subject').notNull(),
    userId: text('user_id'),
    currency: text('currency'),
    evidence: jsonb('evidence').notNull(),
    raisedAt: instant('raised_at').notNull().defaultNow(),
    seenAt: instant('seen_at').notNull().defaultNow(),
    resolvedAt: instant('resolved_at'),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex('idx_alerts_open').on(t.tenantId, t.kind, t.subject).where(sql`resolved_at is null`),
    check('alerts_kind_known', sql`kind in ('balance', 'hold', 'bet', 'payment', 'negative')`),
  ],
)

/** When each tenant's invariants were last checked: the next run begins with who waited longest. */
export const invariantChecks = ledger.table(
  'invariant_checks',
  {
    tenantId: bigint('tenant_id', { mode: 'number' }).notNull(),
    checkedAt: instant('checked_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId] })],
)

function eventColumns() {
  return {
    tenantId: bigint('tenant_id', { mode: 'number' }).notNull(),
    aggregateId: text('aggregate_id').notNull(),
    streamVersion: integer('stream_version').notNull(),
    id: uuid('id').notNull().default(sql`uuidv7()`),
    xid: writtenBy(),
    seq: bigint('seq', { mode: 'number' }).notNull().default(sql`nextval('ledger.event_seq')`),
    eventType: text('event_type').notNull(),
    eventData: jsonb('event_data').notNull(),
    schemaVersion: smallint('schema_version').notNull().default(1),
    idempotencyKey: text('idempotency_key'),
    occurredAt: instant('occurred_at').notNull().default(sql`clock_timestamp()`),
    createdAt: instant('created_at').notNull().default(sql`clock_timestamp()`),
    actor: text('actor').notNull(),
  }
}

// Few checks, and short: Postgres prepares each anew for every statement that inserts (about 2 µs).
function eventRules(table: string, known: SQL) {
  return [
    check(`${table}_stream_version_positive`, sql`stream_version >= 1`),
    check(`${table}_event_type_known`, known),
  ]
}

function listed(values: string[]): SQL {
  return sql.raw(values.map((value) => `'${value}'`).join(', '))
}

/** The signed amount of an event: `at` 0 for the balance, 1 for what is reserved. */
function posted(at: 0 | 1): SQL {
  const whens = Object.entries(postings)
    .filter(([, effect]) => effect[at] !== 0)
    .map(([type, effect]) => `when '${type}' then ${effect[at]}`)
  return sql.raw(`(event_data ->> 'amountMinor')::bigint * case event_type ${whens.join(' ')} else 0 end`)
}
