import { sql } from 'drizzle-orm'
import { bigint, check, integer, jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, idOf, instant, listed, version } from '../../kit/columns.ts'
import { replayKinds, replayStates, ruleClasses, ruleFacts, ruleOperators, ruleSetStates } from '../states.ts'
import { clicksSchema } from './row.ts'

export const ruleSets = clicksSchema.table(
  'rule_sets',
  {
    id: id(),
    name: text('name').notNull(),
    state: text('state', { enum: ruleSetStates }).notNull().default('draft'),
    version: version(),
    createdAt: createdAt(),
    activatedAt: instant('activated_at'),
  },
  (t) => [
    check('rule_sets_name_length', sql`char_length(name) between 1 and 200`),
    check('rule_sets_state_known', sql`${t.state} in (${listed(ruleSetStates)})`),
    check('rule_sets_activated', sql`state = 'draft' or activated_at is not null`),
  ],
)

export const rules = clicksSchema.table(
  'rules',
  {
    ruleSetId: idOf('rule_set_id')
      .notNull()
      .references(() => ruleSets.id),
    name: text('name').notNull(),
    fact: text('fact', { enum: ruleFacts }).notNull(),
    op: text('op', { enum: ruleOperators }).notNull(),
    value: jsonb('value').notNull(),
    weight: integer('weight').notNull(),
    class: text('class', { enum: ruleClasses }).notNull(),
    reason: text('reason').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.ruleSetId, t.name] }),
    check('rules_name_shape', sql`name ~ '^[A-Za-z][A-Za-z0-9_]{0,63}$'`),
    check('rules_fact_known', sql`${t.fact} in (${listed(ruleFacts)})`),
    check('rules_op_known', sql`${t.op} in (${listed(ruleOperators)})`),
    check('rules_weight_range', sql`weight between 1 and 100`),
    check('rules_class_known', sql`${t.class} in (${listed(ruleClasses)})`),
    check('rules_reason_length', sql`char_length(reason) between 1 and 300`),
  ],
)

export const replays = clicksSchema.table(
  'replays',
  {
    id: id(),
    ruleSetId: idOf('rule_set_id')
      .notNull()
      .references(() => ruleSets.id),
    kind: text('kind', { enum: replayKinds }).notNull(),
    state: text('state', { enum: replayStates }).notNull().default('running'),
    from: instant('from_at').notNull(),
    to: instant('to_at').notNull(),
    // The last click that was read. A run that dies is continued behind it.
    position: uuid('position'),
    judged: bigint('judged', { mode: 'number' }).notNull().default(0),
    changed: bigint('changed', { mode: 'number' }).notNull().default(0),
    result: jsonb('result'),
    createdAt: createdAt(),
    finishedAt: instant('finished_at'),
  },
  (t) => [
    check('replays_kind_known', sql`${t.kind} in (${listed(replayKinds)})`),
    check('replays_state_known', sql`${t.state} in (${listed(replayStates)})`),
    check('replays_finished', sql`(state = 'running') = (finished_at is null)`),
    check('replays_window', sql`to_at > from_at`),
  ],
)
