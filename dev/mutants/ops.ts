import { type Mutant, mutantsOf } from './mutant.ts'

const steps = 'test/ops/alerts/an-alert-takes-its-steps.db.test.ts'
const specification = 'test/ops/alerts/postgres-decides-like-the-specification.db.test.ts'
const clock = 'test/ops/alerts/the-clock-evaluates-the-rules.worker.test.ts'
const judge = 'functions/ops/alerts/judge.ts'
const messages = 'functions/ops/alerts/messages.ts'

export const opsMutants: readonly Mutant[] = [
  ...mutantsOf('ops: the states of an alert', specification, [
    [
      judge,
      'ends an alert without a value',
      "when c.value is null then 'unknown'",
      "when c.value is null then 'resolved'",
    ],
    [
      judge,
      'fires before the condition has lasted',
      "c.begun + c.pending_for > ${at} then 'pending'",
      "false then 'pending'",
    ],
    [
      judge,
      'ends with the first clear value',
      'coalesce(c.clearing_since, ${at}) + c.clear_for <= ${at}',
      'true',
    ],
    [
      judge,
      'forgets that it was critical',
      "case when s.was_severity = 'critical' and (s.state <> 'unknown' or s.fired_at is not null) then 'critical'\n      ",
      'case ',
    ],
  ]),
  ...mutantsOf('ops: the messages of alerts', steps, [
    [messages, 'repeats what was acknowledged', 'c.acked_at is null and c.notified_at', 'c.notified_at'],
    [
      messages,
      'sends each change of an alert that is flapping',
      '    and (d.changes < ${changesToFlap} or d.changes = ${changesToFlap} and d.changes_now)\n',
      '',
    ],
    [
      messages,
      'forgets the end of an alert that was held back',
      'select o.id, o.superseded, not o.superseded and',
      'select o.id, o.superseded, false and',
    ],
    [judge, 'sends eleven alerts one by one', 'count(*) > 10 as holds', 'count(*) > 1000 as holds'],
    [judge, 'sends the watchdog with each evaluation', "date_bin('5 minutes'", "date_bin('1 minute'", clock],
    [
      'functions/ops/alerts/read-watched.ts',
      'lets a faulty rule stop the others',
      "return sqlstate === '57014' || retryOf(sqlstate) === 'never'",
      'return sqlstate === null',
    ],
  ]),
  ...mutantsOf('core/note-action.ts', clock, [
    [
      'functions/core/note-action.ts',
      'leaves out the reason',
      'select ${actorOf(ctx)}, ${action}, ${subject}, ${reason}, ${detail}',
      'select ${actorOf(ctx)}, ${action}, ${subject}, null, ${detail}',
    ],
  ]),
]
