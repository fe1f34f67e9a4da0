/**
 * The evaluator: it compares the measured values of a minute with their limits and emits the changes, in one statement.
 *
 * Guarantee: one alert is open for each rule and thing, and it only takes the steps that functions/ops/decide.ts allows. Each
 * state that receivers must know is sent by an event that commits with it, once, in the order of the states. A silence and
 * flapping hold a message back; the state goes on, and a message that is still true later is sent then.
 * How a receiver loses: while the evaluator stands still it receives nothing, also no `ops.watchdog`.
 * The caller must run it under the lock of its job. Driver: any.
 */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { emit } from '../../core/outbox.ts'
import type { Measurement } from './measure.ts'
import { messagesOf } from './messages.ts'

/** The name of its job, under which its slots are kept. */
export const evaluatorJob = 'ops-alerts'

/** `slot`: that of the run; null for a run that a person started. */
export function judgeValues(ctx: Ctx, { rules, measured }: Measurement, slot: Date | null): Statement {
  const at = sql`${ctx.now().toISOString()}::timestamptz`
  const present = slot?.toISOString() ?? null
  // Race: an operator acknowledges an alert meanwhile. The lock of `kept` waits for it, and it waits for the lock.
  return named('ops.judge-values')`
with rules as materialized (
  select r.name as rule, r.*, r.raise >= r.clear as high_is_bad
  from jsonb_to_recordset(${JSON.stringify(rules)}::jsonb) as r (
    name text, severity text, unit text, raise float8, clear float8, critical float8, "pendingFor" int, "clearFor" int,
    absent text, failed boolean, advice text
  )
),
measured as materialized (
  select *
  from jsonb_to_recordset(${JSON.stringify(measured)}::jsonb) as m (
    rule text, labels jsonb, value float8, why text, evidence jsonb, mark jsonb
  )
),
kept as materialized (
  select a.*
  from core.alerts a
  where a.ended_at is null
  order by a.id
  for update
),
owed as materialized (
  select a.id, a.rule, a.labels, a.notified, a.notified_severity, a.notified_at
  from core.alerts a
  where a.ended_at is not null
    and a.notified in ('firing', 'unknown')
  order by a.id
  for update
),
seen as (
  select k.id, k.state, k.severity as was_severity, k.since, k.seen_at, k.fired_at, k.clearing_since, k.peak,
    coalesce(k.count, 0) as count, k.evidence as was_evidence, k.notified, k.notified_severity, k.notified_at, k.acked_at,
    coalesce(m.rule, k.rule) as rule, coalesce(m.labels, k.labels) as labels, m.evidence,
    case
      when m.rule is not null then m.value
      when not r.failed and (k.labels = '{}' or r.absent = 'clear') then r.clear
    end as value,
    case when m.rule is not null then m.why when r.failed then 'the rule could not be read' else 'no longer listed' end as why,
    r.severity as usual, r.raise, r.clear, r.critical, r.high_is_bad, r.unit, r.advice,
    make_interval(secs => r."pendingFor") as pending_for, make_interval(secs => r."clearFor") as clear_for,
    r.rule is null as removed, o.notified as owed_state, o.notified_severity as owed_severity, o.notified_at as owed_at
  from measured m
  full join kept k on k.rule = m.rule and k.labels = m.labels
  left join rules r on r.rule = coalesce(m.rule, k.rule)
  left join owed o on o.rule = coalesce(m.rule, k.rule) and o.labels = coalesce(m.labels, k.labels)
),
compared as (
  select s.*,
    coalesce(case when s.high_is_bad then s.value > s.raise else s.value < s.raise end, false) as raised,
    coalesce(case when s.high_is_bad then s.value <= s.clear else s.value >= s.clear end, false) as cleared,
    case when s.was_severity = 'critical' and (s.state <> 'unknown' or s.fired_at is not null) then 'critical'
      when case when s.high_is_bad then s.value > s.critical else s.value < s.critical end then 'critical'
      else s.usual
    end as severity,
    case when s.state = 'pending' then s.since else ${at} end as begun
  from seen s
),
judged as materialized (
  select c.*,
    case
      when c.removed then case when c.fired_at is null and c.notified is null then 'ok' else 'resolved' end
      when c.value is null then 'unknown'
      when c.fired_at is null and not c.raised then case when c.notified is null then 'ok' else 'resolved' end
      when c.fired_at is null and c.begun + c.pending_for > ${at} then 'pending'
      when c.cleared and coalesce(c.clearing_since, ${at}) + c.clear_for <= ${at} and c.fired_at is not null then 'resolved'
      else 'firing'
    end as next
  from compared c
),
${messagesOf(at)},
stormy as (
  select count(*) > 10 as holds, count(*)::int as alerts
  from messages
  where type in ('alert.fired', 'alert.unknown')
),
opened as (
  insert into core.alerts (rule, labels, state, severity, since, seen_at, fired_at, value, peak, count, why, evidence,
    notified, notified_severity, notified_at, flapping)
  select j.rule, j.labels, j.next, j.severity, ${at}, ${at}, case when j.next = 'firing' then ${at} end, j.value, j.value,
    case when j.value is null then 0 else 1 end, case when j.value is null then j.why end, coalesce(j.evidence, '[]'),
    case when j.next in ('firing', 'unknown') then coalesce(t.state, j.owed_state) end,
    coalesce(t.severity, j.owed_severity), case when t.type is null then j.owed_at else ${at} end, coalesce(t.flapping, false)
  from judged j
  left join messages t using (rule, labels)
  where j.id is null
    and j.next in ('pending', 'firing', 'unknown')
  order by j.rule, j.labels
  returning *
),
dropped as (
  delete from core.alerts a
  using judged j
  where a.id = j.id
    and j.next = 'ok'
  returning a.id
),
moved as (
  update core.alerts a
  set state = j.next,
    severity = case when j.next in ('pending', 'firing') and not j.cleared then j.severity else a.severity end,
    since = case when j.next = 'pending' or (j.next = 'firing' and j.fired_at is null) then j.begun else a.since end,
    seen_at = case when j.value is not null and not j.cleared then ${at} else a.seen_at end,
    fired_at = case when j.next = 'firing' then coalesce(a.fired_at, ${at}) else a.fired_at end,
    clearing_since = case when j.next = 'firing' and j.cleared then coalesce(a.clearing_since, ${at}) end,
    ended_at = case when j.next = 'resolved' then ${at} end,
    value = case when j.removed then a.value else j.value end,
    peak = case
      when j.next not in ('pending', 'firing') or j.cleared then a.peak
      when a.state = 'unknown' and a.fired_at is null then j.value
      when j.high_is_bad then greatest(a.peak, j.value)
      else least(a.peak, j.value)
    end,
    count = case
      when j.next not in ('pending', 'firing') or j.cleared then a.count
      when a.state = 'unknown' and a.fired_at is null then 1
      else a.count + 1
    end,
    why = case when j.next = 'unknown' then j.why end,
    evidence = case when coalesce(j.evidence, '[]') <> '[]' then j.evidence else a.evidence end,
    notified = coalesce(t.state, a.notified, case when j.next in ('firing', 'unknown') then j.owed_state end),
    notified_severity = coalesce(t.severity, a.notified_severity, j.owed_severity),
    notified_at = case when t.type is null then coalesce(a.notified_at, j.owed_at) else ${at} end,
    flapping = coalesce(t.flapping, a.flapping)
  from judged j
  left join messages t using (rule, labels)
  where a.id = j.id
    and j.next <> 'ok'
  returning a.*
),
settled as (
  update core.alerts a
  set notified = 'resolved', notified_at = case when o.sent then ${at} else a.notified_at end
  from owing o
  where a.id = o.id
    and (o.sent or o.superseded)
  returning a.*, o.sent
),
unsilenced as (
  update core.silences s
  set ended_at = ${at}, ended_by = 'system'
  where s.ended_at is null
    and (s.until <= ${at} or s.until is null and not exists (
      select
      from judged j
      where (s.rule is null or s.rule = j.rule)
        and j.labels @> s.labels
        and j.next in ('pending', 'firing', 'unknown')
    ))
  returning s.id
),
kept_values as (
  insert into core.alert_values (rule, at, measured)
  select m.rule, ${at}, jsonb_agg(
    jsonb_build_object('labels', m.labels, 'value', m.value)
      || case when m.mark is null then '{}' else jsonb_build_object('mark', m.mark) end
    order by m.labels
  )
  from measured m
  group by m.rule
  on conflict (rule, at) do nothing
  returning 1
),
old_values as (
  delete from core.alert_values v
  using rules r
  where v.rule = r.rule
    and v.at < ${at} - interval '14 days'
  returning 1
),
notified_rows as (
  select a.*, t.type as sent_type
  from (select * from opened union all select * from moved) a
  join messages t using (rule, labels)
  union all
  select s.id, s.rule, s.labels, s.state, s.severity, s.since, s.seen_at, s.fired_at, s.clearing_since, s.ended_at, s.value,
    s.peak, s.count, s.why, s.evidence, s.notified, s.notified_severity, s.notified_at, s.flapping, s.acked_at, s.acked_by, s.note,
    'alert.resolved'
  from settled s
  where s.sent
),
events as materialized (
  select t.sent_type as type, 'alert:' || t.rule || ':' || left(md5(t.labels::text), 12) as subject,
    jsonb_build_object(
      'id', t.id, 'rule', t.rule, 'labels', t.labels, 'state', t.state, 'severity', t.severity, 'value', t.value,
      'unit', r.unit, 'raise', r.raise, 'clear', r.clear, 'peak', t.peak, 'count', t.count, 'firstSeenAt', core.iso(t.since),
      'lastSeenAt', core.iso(t.seen_at), 'firedAt', core.iso(t.fired_at), 'endedAt', core.iso(t.ended_at),
      'flapping', t.flapping, 'why', t.why, 'evidence', t.evidence, 'advice', r.advice
    ) as data
  from notified_rows t
  left join rules r using (rule)
  cross join stormy s
  where not s.holds
    or t.sent_type not in ('alert.fired', 'alert.unknown')
  union all
  select 'alert.storm', 'alert.storm', jsonb_build_object('alerts', s.alerts, 'rules', (
    select jsonb_agg(jsonb_build_object('rule', g.rule, 'severity', g.severity, 'alerts', g.alerts) order by g.severity, g.rule)
    from (
      select t.rule, min(t.severity) as severity, count(*) as alerts
      from notified_rows t
      where t.sent_type in ('alert.fired', 'alert.unknown')
      group by t.rule
    ) g
  ))
  from stormy s
  where s.holds
  union all
  select 'ops.watchdog', 'ops.watchdog', jsonb_build_object(
    'at', core.iso(${at}), 'rules', (select count(*) from rules),
    'firing', (select count(*) from judged where next = 'firing'),
    'unknown', (select count(*) from judged where next = 'unknown')
  )
  where date_bin('5 minutes', ${present}::timestamptz, 'epoch') > coalesce((
      select max(s.slot) from core.job_slots s where s.job = ${evaluatorJob} and s.slot < ${present}::timestamptz
    ), '-infinity')
),
sent as (${emit({ topic: 'ops', from: 'events', type: sql`type`, subject: sql`subject`, data: sql`data` })}
  returning 1
),
counts as (
  select (select count(*) from measured) as values, (select count(*) from sent) as sent,
    (select count(*) from opened) + (select count(*) from dropped)
      + (select count(*) from judged where state is not null and state <> next and next <> 'ok') as rows,
    (select count(*) from judged where next = 'firing') as firing
)
select ${answer(sql`jsonb_build_object(
  'rows', rows, 'outcome', case when rows + sent > 0 then 'ok' else 'skipped' end, 'values', values, 'sent', sent,
  'firing', firing
)`)}
from counts`
}
