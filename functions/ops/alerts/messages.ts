import { type SQL, sql } from 'drizzle-orm'

/** An alert that changes so often within an hour is flapping: one message says so, and further changes are not sent. */
const changesToFlap = 3
const repeatHours = 4

/**
 * CTEs over `judged`: `messages (rule, labels, type, state, severity, flapping)`, the states that are sent now, and `owing`,
 * the ended alerts whose end is sent now or was overtaken by a new alert.
 *
 * A message is due while the state differs from the last one that was sent. A silence or flapping holds it back, and it is
 * due again in the next minute, so nothing has to remember it. A new alert continues the messages of the one before it,
 * if the end of that one was never sent.
 */
export function messagesOf(at: SQL): SQL {
  return sql`
silenced as materialized (
  select s.rule, s.labels
  from core.silences s
  where s.ended_at is null
    and (s.until is null or s.until > ${at})
),
ended as materialized (
  select a.rule, a.labels,
    count(*) filter (where a.fired_at > ${at} - interval '1 hour') + count(*) as changes
  from core.alerts a
  where a.ended_at > ${at} - interval '1 hour'
    and a.fired_at is not null
  group by a.rule, a.labels
),
changing as (
  select j.rule, j.labels, j.id, j.state, j.next,
    case when j.next in ('firing', 'unknown') then coalesce(j.notified, j.owed_state) else j.notified end as notified,
    coalesce(j.notified_severity, j.owed_severity) as notified_severity, coalesce(j.notified_at, j.owed_at) as notified_at, j.acked_at, j.value, j.cleared,
    case when j.next in ('pending', 'firing') and not j.cleared then j.severity
      else coalesce(j.was_severity, j.severity) end as severity,
    j.next = 'firing' and j.fired_at is null or j.next = 'resolved' and j.fired_at is not null as changes_now,
    coalesce(e.changes, 0) + coalesce(j.fired_at > ${at} - interval '1 hour', false)::int as changes_before
  from judged j
  left join ended e using (rule, labels)
),
due as (
  select c.*, c.changes_before + c.changes_now::int as changes,
    case
      when c.next = 'firing' and c.notified is distinct from 'firing' then 'alert.fired'
      when c.next = 'firing' and c.severity = 'critical' and c.notified_severity <> 'critical' then 'alert.escalated'
      when c.next = 'firing' and c.acked_at is null and c.notified_at <= ${at} - make_interval(hours => ${repeatHours})
        then 'alert.repeated'
      -- One failed read sends nothing: the next evaluation may have the value.
      when c.next = 'unknown' and c.state = 'unknown' and c.notified is distinct from 'unknown' then 'alert.unknown'
      when c.next = 'resolved' and c.notified in ('firing', 'unknown') then 'alert.resolved'
    end as type
  from changing c
),
messages as materialized (
  select d.rule, d.labels, d.type, d.next as state, d.severity, d.changes >= ${changesToFlap} as flapping
  from due d
  where d.type is not null
    and (d.changes < ${changesToFlap} or d.changes = ${changesToFlap} and d.changes_now)
    and not exists (
      select from silenced s where (s.rule is null or s.rule = d.rule) and d.labels @> s.labels
    )
),
owing as materialized (
  select o.id, o.superseded, not o.superseded and coalesce(e.changes, 0) < ${changesToFlap} and not exists (
      select from silenced s where (s.rule is null or s.rule = o.rule) and o.labels @> s.labels
    ) as sent
  from (
    select o.*, exists (
      select from judged j where j.rule = o.rule and j.labels = o.labels and j.next in ('firing', 'unknown')
    ) as superseded
    from owed o
  ) o
  left join ended e using (rule, labels)
)`
}
