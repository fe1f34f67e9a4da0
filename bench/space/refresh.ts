import { closedLoop, compare, median, mustBe, type Pace, quantile } from '../method.ts'
import type { Rig } from '../rig.ts'
import { givenYear } from './year.ts'

const refresh = 'select view, outcome from space.refresh_iss_materialized_views()'

/** A refresh that skips three views with an unchanged source, compared with a refresh that rebuilds them. */
export async function skippedRefresh(rig: Rig, pace: Pace): Promise<void> {
  const { owner } = await rig.database()
  await givenYear(owner)
  const outcomes = async () => [...new Set((await owner.query(refresh)).rows.map(({ outcome }) => outcome))]
  const turn = (count: number) => () =>
    closedLoop({ clients: 1, seconds: 30, count, operation: async () => (await owner.query(refresh), 1) })
  const touch = async () =>
    void (await owner.query(
      `update space.iss_fetch_log set error_km = error_km where ts = (select max(ts) from space.iss_fetch_log)`,
    ))
  await compare(
    {
      name: 'space refresh of an unchanged source',
      unit: 'refreshes/s',
      database: owner,
      ours: {
        name: 'skipped',
        turn: turn(50),
        verify: async () => mustBe(await outcomes(), ['skipped'], 'the outcome'),
      },
      baseline: {
        name: 'refreshed',
        prepare: touch,
        turn: turn(1),
        verify: async () => mustBe(await outcomes(), ['skipped'], 'the outcome of the next refresh'),
      },
    },
    { ...pace, rounds: Math.min(pace.rounds, 5) },
  )
}

/** The longest read during a refresh of the views, compared with reads of an idle database. */
export async function readersDuringRefresh(rig: Rig, { rounds }: Pace): Promise<void> {
  const { owner, connect } = await rig.database()
  await givenYear(owner)
  const [reader] = await connect(1)
  if (!reader) throw new Error('no connection')
  const read = async () => {
    const from = performance.now()
    const { rowCount } = await reader.query({
      name: 'read',
      text: `select * from space.mv_iss_stats_hourly where hour > now() - interval '24 hours' order by hour desc`,
    })
    mustBe((rowCount ?? 0) >= 24, true, 'a day of hours')
    return performance.now() - from
  }
  const refreshAll = async () => {
    const { rows } = await owner.query(refresh)
    mustBe([...new Set(rows.map(({ outcome }) => outcome))], ['refreshed'], 'the outcomes')
  }
  for (let warm = 0; warm < 200; warm += 1) await read()
  const longest: { busy: number; idle: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    await owner.query(
      `update space.iss_fetch_log set error_km = error_km where ts = (select max(ts) from space.iss_fetch_log)`,
    )
    let running = true
    const refreshing = refreshAll().finally(() => {
      running = false
    })
    const busy: number[] = []
    while (running) busy.push(await read())
    await refreshing
    // The idle database gets as many reads, because the longest of more reads is longer.
    const idle: number[] = []
    while (idle.length < busy.length) idle.push(await read())
    longest.push({ busy: Math.max(...busy), idle: Math.max(...idle) })
    console.log(
      `  round ${round + 1}: ${busy.length} reads during the refresh ${spread(busy)}; as many when idle ${spread(idle)}`,
    )
  }
  const [busy, idle] = [median(longest.map((one) => one.busy)), median(longest.map((one) => one.idle))]
  const ratio = Number(median(longest.map((one) => one.busy / one.idle)).toPrecision(4))
  console.log(
    JSON.stringify({
      name: 'space longest read during a refresh',
      ours: busy,
      baseline: idle,
      ratio,
      unit: 'ms',
    }),
  )
}

function spread(latencies: number[]): string {
  const [half, most] = [quantile(latencies, 0.5), quantile(latencies, 0.99)]
  return `p50 ${half.toFixed(2)} p99 ${most.toFixed(2)} longest ${Math.max(...latencies).toFixed(2)} ms`
}
