import type pg from 'pg'
import { messagesOf, type Row } from './samples.ts'

type Found = { id: string; name: string; tenant: string }

/** The work of the one statement as a careful programmer writes it: one statement with arrays for each step. */
export async function storeInSteps(client: pg.Client, rows: readonly Row[]): Promise<void> {
  const [message] = messagesOf(rows)
  if (message === undefined) return
  const { source, n, at, answered } = message
  const query = <Result extends pg.QueryResultRow>(name: string, text: string, values: unknown[]) =>
    client.query<Result>({ name, text, values })
  const fresh = await query(
    'message',
    `insert into core.ingest_messages (stream, source, n, at, answered, items) values ('telemetry', $1, $2, $3, $4::bigint, $4::int)
on conflict do nothing`,
    [source, n, at, answered],
  )
  if (fresh.rowCount === 0) return
  const uids = [...new Set(rows.map(({ uid }) => uid))]
  const names = [...new Set(rows.map(({ metric }) => metric))]
  const nodes = await query<Found>(
    'nodes',
    'select id, uid as name, tenant_id as tenant from fleet.nodes where uid = any($1) and tenant_id = 1',
    [uids],
  )
  const metrics = await query<Found>('metrics', 'select id, name from fleet.metrics where name = any($1)', [
    names,
  ])
  const idOf = (found: pg.QueryResult<Found>) => new Map(found.rows.map(({ id, name }) => [name, id]))
  const [nodeIds, metricIds] = [idOf(nodes), idOf(metrics)]
  const before = await query<{ node_id: string; metric_id: number; value: number }>(
    'before',
    'select node_id, metric_id, value, ts from fleet.telemetry_last where node_id = any($1) order by 1, 2 for update',
    [[...nodeIds.values()]],
  )
  const known = new Map(
    before.rows.map(({ node_id, metric_id, value }) => [`${node_id}/${metric_id}`, value]),
  )
  const judged = rows.map(({ uid, metric, ts, value }) => {
    const [node, measured] = [nodeIds.get(uid), metricIds.get(metric)]
    const last = known.get(`${node}/${measured}`) ?? value
    return { node, measured, ts, value, quality: Math.abs(value - last) > 5 ? 'suspect' : 'good' }
  })
  const columns = [
    judged.map(({ node }) => node),
    judged.map(({ measured }) => measured),
    judged.map(({ ts }) => ts),
    judged.map(({ value }) => value),
    judged.map(({ quality }) => quality),
  ]
  const stored = await query(
    'samples',
    `insert into fleet.telemetry_samples (node_id, metric_id, channel, ts, value, raw, quality, received_at)
select node, metric, '', ts, value, value, quality, now()
from unnest($1::bigint[], $2::smallint[], $3::timestamptz[], $4::float8[], $5::text[]) as r (node, metric, ts, value, quality)
order by 1, 2, 4
on conflict do nothing
returning node_id, metric_id, ts, value`,
    columns,
  )
  await query(
    'last values',
    `insert into fleet.telemetry_last as t (node_id, metric_id, channel, ts, value, raw, quality, same_since, received_at)
select distinct on (node, metric) node, metric, '', ts, value, value, quality, ts, now()
from unnest($1::bigint[], $2::smallint[], $3::timestamptz[], $4::float8[], $5::text[]) as r (node, metric, ts, value, quality)
order by node, metric, ts desc
on conflict (node_id, metric_id, channel) do update
set ts = excluded.ts, value = excluded.value, raw = excluded.raw, quality = excluded.quality, received_at = now()
where excluded.ts > t.ts`,
    columns,
  )
  await query(
    'minutes',
    `insert into fleet.telemetry_1m as t (node_id, metric_id, channel, minute, n, sum, min, max, last, last_ts)
select node, metric, '', date_trunc('minute', ts, 'UTC'), count(*), sum(value), min(value), max(value),
  (array_agg(value order by ts desc))[1], max(ts)
from unnest($1::bigint[], $2::smallint[], $3::timestamptz[], $4::float8[]) as r (node, metric, ts, value)
group by 1, 2, 4
order by 1, 2, 4
on conflict (node_id, metric_id, channel, minute) do update
set n = t.n + excluded.n, sum = t.sum + excluded.sum, min = least(t.min, excluded.min),
  max = greatest(t.max, excluded.max), last = excluded.last, last_ts = excluded.last_ts, folded = false`,
    columns.slice(0, 4),
  )
  const accepted = stored.rowCount ?? 0
  await query(
    'tally',
    `insert into fleet.telemetry_minutes as t (tenant_id, minute, received, accepted, duplicate)
values (1, date_trunc('minute', $1::timestamptz), $2::int, $3::int, $2::int - $3::int)
on conflict (tenant_id, minute) do update
set received = t.received + excluded.received, accepted = t.accepted + excluded.accepted,
  duplicate = t.duplicate + excluded.duplicate`,
    [at, answered, accepted],
  )
  await query(
    'source',
    `insert into core.ingest_sources (stream, source, answered, items, messages, last_at) values ('telemetry', $1, $2::bigint, $2::bigint, 1, $3)`,
    [source, answered, at],
  )
  await query(
    'minute',
    `insert into core.ingest_minutes as m (stream, minute, items, stored, duplicate)
values ('telemetry', date_trunc('minute', $1::timestamptz), $2::int, $3::int, $2::int - $3::int)
on conflict (stream, minute) do update
set items = m.items + excluded.items, stored = m.stored + excluded.stored, duplicate = m.duplicate + excluded.duplicate`,
    [at, answered, accepted],
  )
}
