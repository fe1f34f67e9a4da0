import { type Mutant, mutantsOf } from './mutant.ts'

const budgets = 'test/fleet/cycles/budgets-are-never-overdrawn.race.test.ts'
const slots = 'test/fleet/cycles/one-cycle-a-slot.race.test.ts'
const changes = 'test/fleet/cycles/a-cycle-writes-changes-only.db.test.ts'
const decisions = 'test/fleet/cycles/postgres-decides-like-the-specification.db.test.ts'
const doses = 'test/fleet/commands/a-dose-ends-once.db.test.ts'
const leaving = 'test/fleet/commands/a-node-that-left-doses-no-more.race.test.ts'
const order = 'test/fleet/commands/commands-are-locked-in-one-order.race.test.ts'
const disabling = 'test/fleet/commands/a-disabled-regulator-doses-no-more.race.test.ts'

export const fleetCycleMutants: readonly Mutant[] = [
  ...mutantsOf('fleet: a budget is never overdrawn', budgets, [
    [
      'functions/fleet/cycles/decide-zones.ts',
      'pays a dose beyond the budget of the day',
      '\n    and case when w.day_at = d.day_at then w.day_used else 0 end + d.dose <= d.budget_day',
      '',
    ],
    [
      'functions/fleet/cycles/decide-zones.ts',
      'orders doses that were not paid',
      'from paid\n  join decided d on d.id = paid.regulator_id',
      "from decided d\n  where d.outcome = 'dosed'",
    ],
    [
      'functions/fleet/commands/end-overdue.ts',
      'gives the dose of a command back that a node may have run',
      "case c.state when 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end",
      "'EXPIRED'",
      doses,
    ],
  ]),
  ...mutantsOf('fleet: a slot has one cycle', slots, [
    [
      'functions/fleet/cycles/run.ts',
      'takes no slot',
      "\n    named('fleet.take-cycle')`select fleet.take_cycle(${shard}, ${slot.toISOString()}::timestamptz)`,",
      '',
    ],
    [
      'functions/fleet/cycles/decide-zones.ts',
      'decides about the zones of all shards',
      '\n    and ${ofShard}',
      '',
    ],
  ]),
  ...mutantsOf('fleet: a decision is written when it changes', changes, [
    [
      'functions/fleet/cycles/decide-zones.ts',
      'writes each decision of each cycle',
      '\n    and (d.outcome, d.low, d.high) is distinct from (w.outcome, w.low, w.high)',
      '',
    ],
    [
      'functions/fleet/cycles/decide-zones.ts',
      'forgets that other thresholds are another decision',
      '(d.outcome, d.low, d.high) is distinct from (w.outcome, w.low, w.high)',
      'd.outcome is distinct from w.outcome',
    ],
    [
      'functions/fleet/cycles/run.ts',
      'fails all zones of a part for one of them',
      "part.length === 1 || outcome.type === 'out_of_time'",
      'true',
    ],
  ]),
  ...mutantsOf('fleet: Postgres decides like the specification', decisions, [
    [
      'functions/fleet/cycles/decide-zones.ts',
      'takes the silence of a node that reports changes for an old value',
      "case m.reporting when 'on_change' then greatest(l.ts, n.last_seen_at) else l.ts end",
      'l.ts',
    ],
    [
      'functions/fleet/cycles/decide-zones.ts',
      'counts the doses of the hour before',
      'w.budget_hour - case when d.hour_at = w.hour_at then d.hour_used else 0 end',
      'w.budget_hour - d.hour_used',
    ],
    [
      'functions/fleet/cycles/decide-zones.ts',
      'doses while the actuator is maintained',
      "when n.lifecycle = 'MAINTENANCE' and (n.maintenance_until is null or n.maintenance_until > ${at}) then 'maintenance'",
      '',
    ],
    [
      'functions/fleet/cycles/decide-zones.ts',
      'prefers the target of the whole day to the one of these hours',
      'order by w.id, t.from_time is null, t.id desc',
      'order by w.id, t.from_time is not null, t.id desc',
    ],
  ]),
  ...mutantsOf('fleet: a disabled regulator doses no more', disabling, [
    [
      'functions/fleet/commands/hand-out.ts',
      'hands out commands of an old epoch of the regulator',
      '\n      and c.regulator_epoch is not distinct from r.epoch',
      '',
    ],
    [
      'functions/fleet/commands/ack.ts',
      'accepts the end of a command of an old epoch of the regulator',
      '\n      or c.regulator_epoch < c.present',
      '',
    ],
    [
      'functions/fleet/commands/end-overdue.ts',
      'keeps the commands that a cycle ordered with an old epoch',
      '\n        or r.epoch > c.regulator_epoch\n',
      '\n',
    ],
    [
      'functions/fleet/regulators/edit.ts',
      'leaves the epoch when a regulator is disabled',
      '${enabled === false} and t.enabled',
      'false',
    ],
    [
      'functions/fleet/regulators/edit.ts',
      'leaves the epoch when a regulator gets another actuator',
      '        or t.channel is distinct from coalesce(${channel ?? null}, t.channel)\n',
      '',
      'test/fleet/commands/commands-of-an-old-epoch-are-void.db.test.ts',
    ],
  ]),
  ...mutantsOf('fleet: a node that left doses no more', leaving, [
    [
      'functions/fleet/nodes/leave-behind.ts',
      'gives back a dose that its node may have run',
      "state = case c.state when 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end",
      "state = 'EXPIRED'",
    ],
    [
      'functions/fleet/nodes/leave-behind.ts',
      'voids the commands of a node that stays',
      'into === undefined ?',
      'into !== null ?',
    ],
    [
      'functions/fleet/nodes/leave-behind.ts',
      'locks commands as Postgres finds them',
      '\n  order by c.id',
      '',
      order,
    ],
    [
      'functions/fleet/commands/hand-out.ts',
      'hands out commands of a zone that the node left',
      '\n      and exists (select from fleet.zone_slots s where s.node_id = c.node_id and s.zone_id = c.zone_id)',
      '',
    ],
    [
      'functions/fleet/commands/ack.ts',
      'accepts the end of a command of a zone that the node left',
      'and c.zone_id not in (select zone_id from slot)',
      'and false',
    ],
    [
      'functions/fleet/commands/ack.ts',
      'locks a command before its node',
      '\n    and (select count(*) from seen) >= 0',
      '',
    ],
    [
      'functions/fleet/commands/end-overdue.ts',
      'keeps the commands that a cycle ordered while their node left',
      '\n        or s.node_id is null',
      '',
    ],
    [
      'functions/fleet/commands/end-overdue.ts',
      'keeps the commands of a decommissioned node',
      "n.lifecycle = 'DECOMMISSIONED' and (c.kind",
      'false and (c.kind',
      doses,
    ],
  ]),
]
