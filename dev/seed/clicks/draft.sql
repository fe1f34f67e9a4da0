-- The rules in force, with a hoster's network alone as a reason, and with fewer clicks a day.
with draft as (
  insert into clicks.rule_sets (name) values ('Stricter: hosters, frequent visitors') returning id
),
ruled as (
  insert into clicks.rules (rule_set_id, name, fact, op, value, weight, class, reason)
  select draft.id, r.name, r.fact, r.op, case r.name when 'frequent' then '3' else r.value end,
    case r.name when 'hosting' then 100 else r.weight end, r.class,
    case r.name when 'frequent' then 'The visitor clicked more than 3 times on one day' else r.reason end
  from draft
  cross join clicks.rule_sets s
  join clicks.rules r on r.rule_set_id = s.id
  where s.state = 'active'
)
insert into clicks.replays (rule_set_id, kind, from_at, to_at)
select id, 'replay', now() - interval '7 days', now() from draft;
