import type pg from 'pg'
import { closedLoop, compare, mustBe, type Pace } from '../method.ts'
import type { Rig } from '../rig.ts'
import { givenYear } from './year.ts'

/** The query of an endpoint on its view, and an equal query on the tables. */
const reads = [
  {
    name: 'hourly stats of a day',
    view: `select hour, position_count, avg_altitude from space.mv_iss_stats_hourly where hour > now() - interval '24 hours' order by hour desc`,
    live: `select date_trunc('hour', ts, 'UTC') as hour, count(*)::int as position_count, avg(altitude_km) as avg_altitude
      from space.iss_fetch_log where norad_id = 25544 group by 1 having date_trunc('hour', ts, 'UTC') > now() - interval '24 hours' order by 1 desc`,
  },
  {
    name: 'coverage map',
    view: 'select lat_bucket, lon_bucket, observation_count, avg_altitude from space.mv_iss_coverage_map order by 1, 2 limit 100',
    live: `select (floor(latitude / 5) * 5)::int as lat_bucket, (floor(longitude / 5) * 5)::int as lon_bucket,
      count(*)::int as observation_count, avg(altitude_km) as avg_altitude
      from space.iss_fetch_log where norad_id = 25544 group by 1, 2 order by 1, 2 limit 100`,
  },
  {
    name: 'OSDR stats',
    view: 'select total_datasets, recent_1y from space.mv_osdr_stats',
    live: `select count(*)::int as total_datasets, count(*) filter (where release_date > (now() at time zone 'UTC')::date - 365)::int as recent_1y
      from space.osdr_items`,
  },
  {
    name: 'recent activity',
    view: `select count(*)::int as n from (select * from space.mv_recent_activity where activity_time > now() - interval '24 hours' order by activity_time desc limit 100) a`,
    live: `select count(*)::int as n from (
      select 'iss_position', fetched_at as activity_time from space.iss_fetch_log where fetched_at > now() - interval '24 hours'
      union all
      select 'osdr', seen_at from space.osdr_changes where seen_at > now() - interval '24 hours'
      order by activity_time desc limit 100) a`,
  },
] as const

export async function views(rig: Rig, pace: Pace): Promise<void> {
  const { owner, connect } = await rig.database()
  await givenYear(owner)
  const [client] = await connect(1)
  if (!client) throw new Error('no connection')
  for (const { name, view, live } of reads) {
    const same = async () => mustBe(await shown(owner, view), await shown(owner, live), `${name}: the view`)
    const reading = (text: string, count: number) => () =>
      closedLoop({
        clients: 1,
        seconds: pace.seconds,
        count,
        operation: async (_, n) => (
          await client.query({ name: `${name} ${text.length}`, text }), n >= 0 ? 1 : null
        ),
      })
    await compare(
      {
        name: `space ${name}, a year of minutes`,
        unit: 'reads/s',
        database: owner,
        ours: { name: 'the view', turn: reading(view, 500), verify: same },
        baseline: { name: 'the live query', turn: reading(live, 20), verify: same },
      },
      pace,
    )
  }
}

async function shown(database: pg.Pool, text: string): Promise<unknown> {
  const { rows } = await database.query(text)
  // The view adds the same numbers in another order.
  return JSON.parse(JSON.stringify(rows), (_, value) =>
    typeof value === 'number' ? Number(value.toPrecision(9)) : value,
  )
}
