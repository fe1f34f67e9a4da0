import { type Declared, sqlFunction, trigger } from './declare.ts'

/**
 * A table that equals the fold of an event table at every commit. The statement that appends events updates it by one
 * trigger call over the transition table `arrived`. The cost is in proportion to the new events; no total is summed
 * again. Rows are written in the order of their keys, so two batches never deadlock.
 *
 * Each view gets `apply_<view>()` and its trigger, `verify_<view>(scope, sample)` and `rebuild_<view>(scope)`. They run
 * with the caller's rights, so row-level security holds inside them.
 */
export type IncrementalView = {
  /** Schema-qualified. */
  view: string
  events: string
  /** A bigint column of both: rows of different scopes never share a view row. */
  scope: string
  /** Column of the view: column of the events. With the scope this is the view's primary key. */
  key: Record<string, string>
  /** The columns of the fold after scope and key, in this order. */
  columns: string[]
  /** The rows from scratch: a query of scope, key and columns over the events (alias `e`) for which `:wanted` holds. */
  fold: string
  /** The trigger function: the whole `create or replace function …`. */
  apply: string
  /** The view that readers use, if it shows more than the table. */
  reads?: string
  /** Columns whose changes may wait beside the table: a rebuild adds the difference instead of setting the value. */
  additive?: string[]
}

export function incrementalView(declared: IncrementalView): Declared[] {
  const { view, events, apply } = declared
  const applying = made('apply', view)
  return [
    sqlFunction({ name: `${applying}()`, create: apply }),
    trigger({
      name: applying.slice(applying.indexOf('.') + 1),
      table: events,
      fires: 'after insert',
      referencing: 'new table as arrived',
      forEach: 'statement',
      execute: `${applying}()`,
    }),
    verification(declared),
    rebuilding(declared),
  ]
}

export type StreamView = Omit<IncrementalView, 'columns' | 'fold' | 'apply' | 'key'> & {
  /** The view's column for the events' `aggregate_id`. */
  key: string
  /**
   * SQL functions: `after(event_type)` is the state after an event, `mayBecome(was, becomes)` says whether a state may
   * follow (`was` is null at first). `was` is the state as an expression over `prior`, the view's row.
   */
  states: { after: string; mayBecome: string; was: string }
  /**
   * Set once: column = SQL over `born` and `born_at`, data and time of the first event. `absent` is a neutral value.
   */
  born: Record<string, { sql: string; absent: string }>
  /** Set by every event: column = SQL over `latest` and `latest_at`, data and time of the last event, and `state`. */
  latest: Record<string, string>
}

/**
 * One row for each stream. Its versions begin with 1 and have no gap, and each state must be allowed after the one
 * before. Otherwise the trigger raises: LS101 for a version, LS105 for a state, with the stream and its state as
 * detail.
 */
export function streamView(declared: StreamView): Declared[] {
  const { view, scope, key, states, born, latest } = declared
  const moving = [...Object.keys(latest), 'stream_version']
  const columns = [...Object.keys(born), ...moving]
  const shown = [...Object.values(born).map(({ sql }) => sql), ...Object.values(latest), 'stream_version']
  const orAbsent = [
    ...Object.values(born).map(({ sql, absent }) => `coalesce(${sql}, ${absent})`),
    ...shown.slice(-moving.length),
  ]
  const streams = (from: string) => `
      select ${scope}, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.${scope}, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(${states.after}(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ${from}
        group by e.${scope}, e.aggregate_id
      ) stream`
  return incrementalView({
    ...declared,
    key: { [key]: 'aggregate_id' },
    columns,
    fold: `
    select ${scope}, aggregate_id as ${key}, ${columns.map((one, at) => `${shown[at]} as ${one}`).join(', ')}
    from (${streams(`${declared.events} e\n        where :wanted`)}
    ) folded`,
    apply: `
create or replace function ${made('apply', view)}() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  births boolean;
  wrong record;
begin
  select bool_and(stream_version = 1 and ${states.mayBecome}(null, ${states.after}(event_type)))
  into births
  from arrived;
  if births is null then
    return null;
  end if;

  -- Most batches begin streams and continue none: then every event is a stream of its own.
  if births then
    insert into ${view} (${scope}, ${key}, ${columns.join(', ')})
    select ${scope}, aggregate_id, ${shown.join(', ')}
    from (
      select ${scope}, aggregate_id, stream_version, event_data as born, occurred_at as born_at, event_data as latest,
        occurred_at as latest_at, ${states.after}(event_type) as state
      from arrived
    ) e
    order by ${scope}, aggregate_id;
    return null;
  end if;

  -- Race: two appends to one stream. The second waits here for the first's row, and judges what it then finds. A row
  -- that should have been there is noticed below and rolled back, neutral values and all.
  with streams as materialized (${streams('arrived e')}
  ),
  moved as (
    insert into ${view} as v (${scope}, ${key}, ${columns.join(', ')})
    select ${scope}, aggregate_id, ${orAbsent.join(', ')}
    from streams
    order by ${scope}, aggregate_id
    on conflict (${scope}, ${key}) do update
    set ${moving.map((one) => `${one} = excluded.${one}`).join(', ')}
    returning with (old as prior) v.${scope}, v.${key}, prior.stream_version, ${states.was} as was
  )
  select s.aggregate_id, coalesce(m.stream_version, 0) as current, s.first_version, s.gapless, m.was, s.path
  into wrong
  from streams s
  join moved m on m.${scope} = s.${scope} and m.${key} = s.aggregate_id
  where s.first_version <> coalesce(m.stream_version, 0) + 1
    or not s.gapless
    or not ${states.mayBecome}(m.was, s.path[1])
    or exists (
      select from generate_series(2, cardinality(s.path)) step
      where not ${states.mayBecome}(s.path[step - 1], s.path[step])
    )
  limit 1;
  if not found then
    return null;
  end if;
  if wrong.gapless and wrong.first_version = wrong.current + 1 then
    for step in 1..cardinality(wrong.path) loop
      if not ${states.mayBecome}(wrong.was, wrong.path[step]) then
        raise exception using errcode = 'LS105', message = 'no lawful step',
          column = jsonb_build_object('aggregate_id', wrong.aggregate_id, 'was', wrong.was, 'becomes', wrong.path[step]);
      end if;
      wrong.was := wrong.path[step];
    end loop;
  end if;
  raise exception using errcode = 'LS101', message = 'a version is missing or taken', column = to_jsonb(wrong);
end
$$`,
  })
}

/** Lists the keys whose row differs from the fold, with both rows. Without a sample it compares every key. */
function verification(declared: IncrementalView): Declared {
  const { view, events, scope, reads = view } = declared
  const { keys, eventKeys, all, keyObject, folded } = spelled(declared)
  return sqlFunction({
    name: `${made('verify', view)}(bigint, integer)`,
    create: `
create or replace function ${made('verify', view)}(of_scope bigint, sample integer default null)
returns table (key jsonb, expected jsonb, actual jsonb)
language sql
set search_path = ''
as $$
  with sampled as materialized (
    (
      select ${keys}
      from ${reads}
      where ${scope} = of_scope
      order by random()
      limit sample
    )
    union
    (
      select ${eventKeys}
      from ${events} e
      where e.${scope} = of_scope
      order by e.xid desc, e.seq desc
      limit sample
    )
  ),
  expected as materialized (${folded(`e.${scope} = of_scope and (${eventKeys}) in (select ${keys} from sampled)`)}
  ),
  actual as materialized (
    select ${all}
    from ${reads}
    where ${scope} = of_scope
      and (${keys}) in (select ${keys} from sampled)
  )
  select ${keyObject}, to_jsonb(e), to_jsonb(a)
  from expected e
  full join actual a using (${scope}, ${keys})
  where e::text is distinct from a::text
$$`,
  })
}

/**
 * Folds the whole scope beside the view, without a lock. A key may then differ because the view was wrong, or because
 * a writer changed it meanwhile. Only these keys are locked, folded again and mended. Readers never wait. Writers
 * wait only for the mended keys, until this transaction ends.
 */
function rebuilding(declared: IncrementalView): Declared {
  const { view, scope, columns, reads = view, additive = [] } = declared
  const { keys, eventKeys, all, keyObject, folded } = spelled(declared)
  const join = (left: string, right: string) =>
    [scope, ...Object.keys(declared.key)].map((one) => `${left}.${one} = ${right}.${one}`).join(' and ')
  const mended = columns.map((column) =>
    additive.includes(column)
      ? `${column} = v.${column} + (c.folded).${column} - (c.seen).${column}`
      : `${column} = (c.folded).${column}`,
  )
  return sqlFunction({
    name: `${made('rebuild', view)}(bigint)`,
    create: `
create or replace function ${made('rebuild', view)}(of_scope bigint)
returns table (
  rows_before bigint, rows_after bigint, checksum_before numeric, checksum_after numeric, mended bigint, differing jsonb
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  agreed bigint;
  agreed_checksum numeric;
begin
  drop table if exists pg_temp.rebuilt, pg_temp.suspects;
  create temp table rebuilt on commit drop as ${folded(`e.${scope} = of_scope`)};
  create temp table suspects on commit drop as select ${keys} from ${view} limit 0;

  with compared as materialized (
    select ${keys}, f::text as folded, s::text as seen
    from pg_temp.rebuilt f
    full join (select ${all} from ${reads} where ${scope} = of_scope) s using (${scope}, ${keys})
  ),
  kept as (
    insert into pg_temp.suspects
    select ${keys}
    from compared
    where folded is distinct from seen
  )
  select count(*), coalesce(sum(hashtextextended(seen, 0)), 0)
  into agreed, agreed_checksum
  from compared
  where folded is not distinct from seen;

  -- Race: a writer between the fold and now. Once its row is locked a key stands still; the statement after this one
  -- has a snapshot newer than the locks.
  perform
  from (select ${keys} from pg_temp.suspects order by ${keys}) suspect,
  lateral (
    select
    from ${view} v
    where v.${scope} = of_scope
      and (${qualified('v', declared)}) = (${qualified('suspect', declared)})
    for update
  ) locked;

  return query
  with folded as materialized (${folded(`e.${scope} = of_scope and (${eventKeys}) in (select ${keys} from pg_temp.suspects)`)}
  ),
  seen as materialized (
    select ${all}
    from ${reads}
    where ${scope} = of_scope
      and (${keys}) in (select ${keys} from pg_temp.suspects)
  ),
  compared as materialized (
    select ${scope}, ${keys}, f as folded, s as seen
    from folded f
    full join seen s using (${scope}, ${keys})
  ),
  wrong as materialized (
    select *
    from compared
    where folded::text is distinct from seen::text
  ),
  added as (
    insert into ${view} (${all})
    select ${[scope, ...Object.keys(declared.key), ...columns].map((one) => `(folded).${one}`).join(', ')}
    from wrong
    where seen is null
  ),
  changed as (
    update ${view} v
    set ${mended.join(',\n        ')}
    from wrong c
    where ${join('v', 'c')}
      and not c.folded is null
      and not c.seen is null
  ),
  removed as (
    delete from ${view} v
    using wrong c
    where ${join('v', 'c')}
      and c.folded is null
  )
  select
    agreed + count(*) filter (where not seen is null),
    agreed + count(*) filter (where not folded is null),
    agreed_checksum + coalesce(sum(hashtextextended(seen::text, 0)), 0),
    agreed_checksum + coalesce(sum(hashtextextended(folded::text, 0)), 0),
    (select count(*) from wrong),
    coalesce((select jsonb_agg(${keyObject}) from (select * from wrong limit 100) shown), '[]')
  from compared;
end
$$`,
  })
}

function spelled({ scope, key, columns, fold }: IncrementalView) {
  const keys = Object.keys(key)
  return {
    keys: keys.join(', '),
    eventKeys: Object.values(key)
      .map((column) => `e.${column}`)
      .join(', '),
    all: [scope, ...keys, ...columns].join(', '),
    folded: (wanted: string) => fold.replaceAll(':wanted', wanted),
    keyObject: `jsonb_build_object(${keys.map((one) => `'${one}', ${one}`).join(', ')})`,
  }
}

function qualified(alias: string, { key }: IncrementalView): string {
  return Object.keys(key)
    .map((one) => `${alias}.${one}`)
    .join(', ')
}

/** `shop.orders_view` → `shop.apply_orders_view`. */
function made(verb: string, view: string): string {
  return view.replace('.', `.${verb}_`)
}
