import { type Mutant, mutantsOf } from './mutant.ts'

const fates = 'test/fleet/telemetry/each-sample-gets-its-fate.db.test.ts'
const histories = 'test/fleet/telemetry/every-sample-is-accounted-for.race.test.ts'
const aggregates = 'test/fleet/telemetry/aggregates-equal-a-recount.db.test.ts'
const overload = 'test/fleet/telemetry/overload-thins-by-rule.db.test.ts'
const alerts = 'test/fleet/alerts/each-kind-has-a-cause.db.test.ts'
const turns = 'test/fleet/telemetry/calibrations-take-turns.db.test.ts'
const order = 'test/fleet/telemetry/minutes-are-locked-in-one-order.race.test.ts'
const retention = 'test/fleet/upkeep/old-rows-leave.db.test.ts'

export const fleetMutants: readonly Mutant[] = [
  ...mutantsOf('fleet: every sample is accounted for', histories, [
    [
      'functions/fleet/telemetry/store.ts',
      'takes the value of the last arrival for the newest',
      '\n  where excluded.ts > t.ts',
      '',
    ],
    [
      'functions/fleet/telemetry/read-items.ts',
      'stores samples for the nodes of other tenants',
      '\n    and (h.tenant_id is null or node.tenant_id = h.tenant_id)',
      '',
      fates,
    ],
    [
      'functions/fleet/telemetry/read-items.ts',
      'accepts samples of decommissioned nodes',
      "\n    and node.lifecycle <> 'DECOMMISSIONED'",
      '',
      fates,
    ],
    [
      'functions/fleet/telemetry/store.ts',
      'adds duplicates to the minutes',
      'is_new = 1\n    and (select count(*) from newest) >= 0',
      '(select count(*) from newest) >= 0',
    ],
    [
      'functions/fleet/telemetry/store.ts',
      'replaces the first value of a key',
      'set conflicts = least(t.conflicts::int + 1, 32767)',
      'set conflicts = 1, value = excluded.value',
      fates,
    ],
    [
      'functions/fleet/telemetry/read-items.ts',
      'stores samples without a time again when their numbered batch is repeated',
      '\n    or b.seen_before @> m.seq',
      '',
      fates,
    ],
    [
      'functions/fleet/telemetry/store.ts',
      'mixes units',
      "\n      when m.sent_unit <> m.unit then 'unit_mismatch'",
      '',
      fates,
    ],
    [
      'functions/fleet/telemetry/store.ts',
      'trusts the clock of the Worker',
      "\n      when i.ts > now() + ${accepting.ahead}::interval then 'in_future'",
      '',
      fates,
    ],
    [
      'functions/fleet/telemetry/judge-sample.ts',
      'accepts a clock that is not set',
      "\n  if (ms < clockSetMs) return 'clock_unset'",
      '',
      fates,
    ],
  ]),
  ...mutantsOf('fleet: aggregates equal a recount', aggregates, [
    [
      'functions/fleet/telemetry/fold-hours.ts',
      'folds a minute that changed meanwhile',
      '\n    and (t.n, t.sum, t.min, t.max, t.last) = (d.n, d.sum, d.min, d.max, d.last)',
      '',
    ],
    [
      'functions/fleet/telemetry/fold-hours.ts',
      'leaves the increase of the sample after a late one',
      'and t.minute > c.minute',
      'and false',
    ],
    [
      'functions/fleet/telemetry/fold-hours.ts',
      'ignores the boots of a node',
      'value >= before * 0.9 and not rebooted',
      'value >= before * 0.9',
    ],
    [
      'functions/fleet/telemetry/fold-days.ts',
      'forgets the minutes at the ends of a day',
      'minute >= b.from_at and minute <',
      'false and minute <',
    ],
    [
      'functions/fleet/telemetry/recalculate.ts',
      'does not wait for the statements that began before a calibration',
      "'15 seconds'",
      "'0 seconds'",
    ],
    [
      'functions/fleet/telemetry/fold.ts',
      'folds one portion in each run',
      'while (total.more && ctx.now().getTime() < end)',
      'while (false)',
    ],
  ]),
  ...mutantsOf('fleet: calibrations are calculated in parts', turns, [
    [
      'functions/fleet/telemetry/recalculate.ts',
      'finishes the calibrations of one tenant before those of another',
      'order by turns.served_at nulls first, coalesce(c.served_at, c.created_at)',
      'order by c.created_at',
    ],
    [
      'functions/fleet/telemetry/recalculate.ts',
      'calculates one part in each run',
      '} while (ctx.now().getTime() < end)',
      '} while (false)',
    ],
    [
      'functions/fleet/telemetry/recalculate.ts',
      'ends a run with the first part that fails',
      'failed.push(due.key)',
      'if (due.key) throw error',
    ],
    [
      'functions/fleet/telemetry/recalculate.ts',
      'begins anew after each part',
      'set applied_until = case when not ${isLast}::boolean then ${end} end',
      'set applied_until = null',
      aggregates,
    ],
  ]),
  ...mutantsOf('fleet: samples, newest values and minutes are locked in one order', order, [
    [
      'functions/fleet/telemetry/fold-hours.ts',
      'folds minutes in the order of their times',
      'order by t.node_id, t.metric_id, t.channel, t.minute',
      'order by t.minute',
    ],
    [
      'functions/fleet/telemetry/recalculate.ts',
      'locks the newest value before the samples',
      'and (select count(*) from samples) >= 0',
      'and true',
    ],
    [
      'functions/fleet/telemetry/recalculate.ts',
      'locks minutes before the newest value',
      'and (select count(*) from newest) >= 0',
      'and true',
    ],
  ]),
  ...mutantsOf('fleet: rejects are locked in one order', order, [
    [
      'functions/fleet/telemetry/read-items.ts',
      'claims replayed rejects as Postgres finds them',
      '\n  order by r.id',
      '',
    ],
  ]),
  ...mutantsOf('fleet: a message is no larger than the queue takes', fates, [
    [
      'functions/fleet/telemetry/send-samples.ts',
      'divides samples without a time, so their batch has a number twice',
      "if (one.length > 1) throw new AppError('body_too_large', tooManyWithoutTime)",
      '',
    ],
    [
      'functions/fleet/telemetry/send-samples.ts',
      'forgets the names of nodes and metrics',
      ' && bytesOf(columns) <= limits.bytes',
      '',
    ],
  ]),
  ...mutantsOf('fleet: an overload is answered by rule', overload, [
    [
      'functions/fleet/telemetry/thin-samples.ts',
      'thins by lot',
      'mixed(`${name}\\n${timeOf(newest)}`) % every',
      'Math.floor(Math.random() * every)',
    ],
    [
      'functions/fleet/telemetry/thin-samples.ts',
      'takes a batch when the queue is full',
      'if (share >= 1) return null',
      'if (share > 1) return null',
    ],
    [
      'functions/fleet/telemetry/count-refused.ts',
      'forgets refused samples while Postgres is away',
      'for (const [key, refused] of taken) held.waiting.set(key, (held.waiting.get(key) ?? 0) + refused)',
      '',
    ],
    [
      'functions/fleet/telemetry/accept.ts',
      'counts no thinned sample in the metrics',
      'if (thinned > 0) ctx.metrics',
      'if (thinned < 0) ctx.metrics',
    ],
    [
      'functions/fleet/telemetry/count-stored.ts',
      'counts refused samples as stored',
      'return Array.isArray(item) && item.length > 0',
      'return item !== null',
      'test/fleet/telemetry/metrics-count-samples-and-cycles.worker.test.ts',
    ],
  ]),
  ...mutantsOf('fleet: an alert has a cause and ends with it', alerts, [
    [
      'functions/fleet/alerts/watch.ts',
      'stays open when its cause is gone',
      'and (a.kind, a.subject) not in (select kind, subject from watched)',
      'and false',
    ],
    [
      'functions/fleet/alerts/watch.ts',
      'is opened again each minute',
      'where open_id is null\n    and value >= raise\n  on conflict (kind, subject) where cleared_at is null do nothing',
      'where value >= raise\n  on conflict (kind, subject) where cleared_at is null do update set count = 1',
    ],
    [
      'functions/fleet/alerts/conditions.ts',
      'takes the silence of a node for that of each sensor',
      'least(now(), n.last_seen_at) >',
      'now() >',
    ],
    [
      'functions/fleet/alerts/conditions.ts',
      'reports a drift at once',
      'raise: longestDriftSeconds,',
      'raise: 0,',
    ],
    [
      'functions/fleet/alerts/conditions.ts',
      'ignores samples that did not arrive',
      'missing.items\nfrom (${missingItems(stream, day)}) missing',
      '0\nfrom (${missingItems(stream, day)}) missing',
    ],
  ]),
  ...mutantsOf('fleet: old rows leave', retention, [
    [
      'functions/fleet/upkeep/remove-old.ts',
      'takes commands that have not ended',
      "where state not in ('QUEUED', 'SENT', 'ACK') order by id",
      'order by id',
    ],
    [
      'functions/fleet/upkeep/remove-old.ts',
      'takes alerts that ended a moment ago',
      "where a.cleared_at < now() - interval '14 months'",
      'where a.cleared_at < now()',
    ],
    [
      'functions/fleet/upkeep/remove-old.ts',
      'stops after a portion',
      "'more', greatest(minutes, boots, commands, alerts) = ${portion}",
      "'more', false",
    ],
    [
      'functions/fleet/upkeep/remove-old.ts',
      'takes the minutes of one tenant',
      'from (select tenant_id from fleet.greenhouses union select 0) t',
      'from (select tenant_id from fleet.greenhouses limit 1) t',
    ],
    [
      'functions/fleet/upkeep/remove-old.ts',
      'reads all commands',
      "not in ('QUEUED', 'SENT', 'ACK') order by id limit ${portion}",
      "not in ('QUEUED', 'SENT', 'ACK')",
    ],
  ]),
]
