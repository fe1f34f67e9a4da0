import { type Mutant, mutantsOf } from './mutant.ts'

const steps = 'test/ops/alerts/an-alert-takes-its-steps.db.test.ts'
const specification = 'test/ops/alerts/postgres-decides-like-the-specification.db.test.ts'
const clock = 'test/ops/alerts/the-clock-evaluates-the-rules.worker.test.ts'
const timelines = 'test/ops/timelines/one-thing-through-all-rows.worker.test.ts'
const causes = 'test/ops/alerts/real-causes-fire-and-resolve.worker.test.ts'
const traffic = 'test/ops/alerts/causes-in-the-traffic-fire-and-resolve.worker.test.ts'
const million = 'test/ops/jobs/a-million-runs-cost-no-more.db.test.ts'
const probes = 'test/ops/health/one-check-serves-many-probes.worker.test.ts'
const secrets = 'test/ops/secrets-appear-nowhere.worker.test.ts'
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
  ...mutantsOf('ops: the history of one thing', timelines, [
    [
      'functions/dispatch/story.ts',
      'shows a store the orders of others',
      'sql`o.store_id = ${principal.id}`',
      'sql`true`',
    ],
    [
      'functions/ops/timelines/read.ts',
      'shows owners what is for admins',
      "ctx.principal?.role === 'admin' ? othersOf(stories, { kind, id }) : []",
      'othersOf(stories, { kind, id })',
    ],
    [
      'schema/core/begin_idempotent.sql',
      'forgets the transaction of a request',
      "nullif(split_part(path, '#', 2), ''), pg_catalog.pg_current_xact_id())",
      "nullif(split_part(path, '#', 2), ''), null)",
    ],
  ]),
  ...mutantsOf('ops: the causes of alerts', causes, [
    [
      'functions/ops/metrics/watch.ts',
      'counts no failed request',
      "lately(series, requests, { status: '5xx' })",
      "lately(series, requests, { status: '6xx' })",
    ],
    [
      'functions/ledger/watch.ts',
      'sees no difference of the books',
      'from ledger.count_open_alerts()',
      'from ledger.count_open_alerts() where false',
    ],
  ]),
  ...mutantsOf('ops: the share of hits', 'test/ops/caches/caches-are-listed.unit.test.ts', [
    [
      'functions/ops/caches/list.ts',
      'counts an answer that nothing exists twice',
      'hits + one.misses + one.stale + one.errors',
      'hits + one.misses + one.stale + one.absent + one.errors',
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
  ...mutantsOf('ops: the cost of a list does not grow with the runs', million, [
    [
      'functions/ops/jobs/newest.ts',
      'lets the planner walk the primary key for a job without runs',
      'order by ${of([...columns.map(({ name }) => sql`${name} desc`), sql`r.id desc`])}',
      'order by r.id desc',
    ],
    [
      'functions/core/remove-expired.ts',
      'reads every run to find the old ones',
      'from core.job_runs order by id limit ${batch}) r',
      'from core.job_runs order by id) r',
    ],
  ]),
  ...mutantsOf('ops: readiness', probes, [
    [
      'functions/ops/health/keep-readiness.ts',
      'checks Postgres for each probe',
      'now - last.begunAt >= last.keptMs',
      'now >= 0',
    ],
    [
      'functions/ops/health/keep-readiness.ts',
      'keeps an answer for good',
      'const readyMs = 1_000',
      'const readyMs = 1_000_000',
    ],
    [
      'functions/ops/health/keep-readiness.ts',
      'waits for a check whose request died',
      'const joinedMs = 1_000',
      'const joinedMs = 1_000_000',
    ],
  ]),
  ...mutantsOf('ops: secrets', secrets, [
    [
      'functions/http/accounting.ts',
      'logs the token of a request',
      'status: c.res.status,\n      ms',
      "status: c.res.status,\n      token: c.req.header('authorization'),\n      ms",
    ],
  ]),
  ...mutantsOf('ops: the limits of rules', traffic, [
    [
      'functions/ops/rules/tune.ts',
      'ignores the limits of the operator',
      'env.ALERT_LIMITS[rule.name]',
      'env.ALERT_LIMITS[rule.unit]',
    ],
    [
      'functions/http/accounting.ts',
      'allows a route any number of round trips',
      "if (trips > c.get('budget'))",
      'if (trips < 0)',
    ],
  ]),
  ...mutantsOf('ops: the outcome of a call', 'test/ops/alerts/deliveries-are-no-errors.unit.test.ts', [
    ['functions/ops/rules.ts', 'takes a delivered webhook for an error', "= ['ok', 'delivered']", "= ['ok']"],
  ]),
  ...mutantsOf('ops: views that differ', causes, [
    [
      'functions/ledger/watch.ts',
      'sees no difference of a view',
      'from ledger.show_view_checks(1000)',
      'from ledger.show_view_checks(0)',
    ],
  ]),
  ...mutantsOf('ops: the history of one thing', timelines, [
    [
      'functions/ops/timelines/read.ts',
      'leaves out the job that wrote an event',
      '[requests, jobRuns, ...about]',
      '[requests, ...about]',
    ],
  ]),
  ...mutantsOf('core/counts.ts', 'test/core/open-requests.unit.test.ts', [
    [
      'functions/core/counts.ts',
      'counts a request that was dropped as open for ever',
      'if (now() - request.at > openMs) opened',
      'if (now() < request.at) opened',
    ],
    [
      'functions/http/accounting.ts',
      'does not notice that a client left',
      "signal.addEventListener('abort', leave)",
      "signal.addEventListener('error', leave)",
      'test/ops/metrics/a-client-that-leaves-is-not-open.worker.test.ts',
    ],
  ]),
  ...mutantsOf('core/job.ts', 'test/core/job.db.test.ts', [
    [
      'functions/core/job.ts',
      'keeps no record of the person who started a run',
      "if (fired.trigger === 'cron' || committed.has(fired)) return",
      'if (fired.slot === null) return',
    ],
    [
      'functions/core/job.ts',
      'records the person twice for a run that fails later',
      "fired.trigger === 'cron' || committed.has(fired)",
      "fired.trigger === 'cron'",
    ],
  ]),
]
