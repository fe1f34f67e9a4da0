-- Emits events for readers outside the row of their topic, in the transaction of their change and in the order of the
-- arrays. functions/core/outbox.ts says what readers may rely on.
create or replace function core.emit(topic text, audience text, subjects text[], types text[], bodies jsonb[]) returns void
language sql
set search_path = ''
as $$
  insert into core.outbox (topic, audience, subject, type, data)
  select topic, audience, e.subject, e.type, e.body
  from unnest(subjects, types, bodies) with ordinality as e (subject, type, body, place)
  order by e.place;
$$;
