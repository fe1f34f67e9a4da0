-- Takes an idempotency key for this transaction, or raises. LS001 carries the kept answer and its position, LS002 means another
-- body, LS003 means that another request uses the key now.
-- Answer and position travel in the fields for the names of a column and a table. Postgres sends these fields to the
-- client and never logs them, but it logs the detail and the hint of an error.
-- Behind a # the path carries the id of the request. The functions of hot statements pass these four texts, so a fifth one would
-- make all of them anew.
-- Race: two requests with one key. The second insert waits for the first one's uncommitted row, then finds the
-- key taken. The select after it has a newer snapshot (read committed), so it sees the first one's answer.
create or replace function core.begin_idempotent(key text, hash text, caller text, path text) returns void
language plpgsql
set search_path = ''
as $$
declare
  kept record;
begin
  insert into core.idempotency_keys as k (id, principal, route, body_hash, request_id, xid)
  values (key, caller, split_part(path, '#', 1), hash, nullif(split_part(path, '#', 2), ''), pg_catalog.pg_current_xact_id())
  on conflict (id) do update
  set body_hash = excluded.body_hash, outcome = null, created_at = now(), request_id = excluded.request_id,
    xid = excluded.xid
  where k.created_at < now() - interval '24 hours';
  if found then
    perform set_config('lockstep.key', key, true);
    return;
  end if;
  -- The position of the first answer is the transaction that wrote it: xmin, whose upper half comes from the snapshot.
  select k.body_hash, k.outcome, s.next - ((s.next - k.xmin::text::bigint) & 4294967295) as position
  into kept
  from core.idempotency_keys k,
    lateral (select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint as next) s
  where k.id = key;
  if not found then
    raise exception using errcode = 'LS003', message = 'the key is being given up at this moment';
  end if;
  if kept.body_hash <> hash then
    raise exception using errcode = 'LS002', message = 'the key was used with another request';
  end if;
  raise exception using
    errcode = 'LS001',
    message = 'the key has its answer',
    column = kept.outcome::text,
    table = kept.position::text;
exception
  when lock_not_available then
    raise exception using errcode = 'LS003', message = 'the key is in use right now';
end
$$;
