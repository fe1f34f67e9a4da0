import type pg from 'pg'
import type { Measurement } from '../measurement.ts'
import { median, mustBe, quantile } from '../method.ts'
import { clientAt, connectTenant, givenFundedUsers, givenHistory, settle } from './given.ts'

const events = 1_000_000
const users = 10_000
const wrong = 10

/** The time to rebuild a view from a million events, and a reader's delay meanwhile, compared with an idle database. */
export const rebuild: Measurement = async (rig, { rounds }) => {
  const database = await rig.database()
  const { owner } = database
  const connections = await connectTenant(database, 2)
  await givenFundedUsers(owner, users)
  await givenHistory(owner, { table: 'ledger.balance_events', events: events - users, users })
  await givenBets(owner)
  await settle(owner, 'ledger.balance_events, ledger.user_balances_view, ledger.bet_events, ledger.bets_view')
  const [folder, reader] = [clientAt(connections, 0), clientAt(connections, 1)]

  for (const { view, spoil, read } of [
    {
      view: 'user_balances_view',
      spoil: `update ledger.user_balances_view set balance_minor = balance_minor + 1 where user_id = any ($1)`,
      read: `select * from ledger.user_balances where tenant_id = 1 and user_id = $1`,
    },
    {
      view: 'bets_view',
      spoil: `update ledger.bets_view set status = 'lost' where bet_id = any ($1)`,
      read: `select * from ledger.bets_view where tenant_id = 1 and bet_id = $1`,
    },
  ]) {
    const reading = async (n: number) => {
      const from = performance.now()
      const { rowCount } = await reader.query({ name: view, text: read, values: [`u-${n % users}`] })
      mustBe(rowCount, 1, 'the rows read')
      return performance.now() - from
    }
    for (let warm = 0; warm < 500; warm += 1) await reading(warm)
    const seconds: number[] = []
    const longest: { busy: number; idle: number }[] = []
    for (let round = 0; round < Math.min(rounds, 3); round += 1) {
      await owner.query(spoil, [Array.from({ length: wrong }, (_, n) => `u-${n}`)])
      let running = true
      const rebuilding = rebuilt(folder, view).finally(() => {
        running = false
      })
      const busy: number[] = []
      while (running) busy.push(await reading(busy.length))
      seconds.push(await rebuilding)
      // The same number of reads on an idle database: a maximum over more reads is larger.
      const idle: number[] = []
      while (idle.length < busy.length) idle.push(await reading(idle.length))
      longest.push({ busy: Math.max(...busy), idle: Math.max(...idle) })
      console.log(
        `  ${view}: ${(seconds.at(-1) ?? Number.NaN).toFixed(2)} s, ${busy.length} reads meanwhile ${told(busy)}; as many when idle ${told(idle)}`,
      )
      const { rows } = await owner.query(`select * from ledger.verify_${view}(1, null) limit 3`)
      mustBe(rows, [], `what is still wrong in ${view}`)
    }
    tell(`ledger rebuild of ${view} from 1 000 000 events`, 's', { ours: median(seconds) })
    tell(`ledger longest read while ${view} is rebuilt`, 'ms', {
      ours: median(longest.map((one) => one.busy)),
      baseline: median(longest.map((one) => one.idle)),
    })
  }
}

/** As the verb does it: one transaction, with the time that the Worker's role may take. */
async function rebuilt(client: pg.Client, view: string): Promise<number> {
  const from = performance.now()
  await client.query('begin')
  await client.query(`select set_config('statement_timeout', '25s', true)`)
  const { rows } = await client.query(`select mended::int from ledger.rebuild_${view}(1)`)
  await client.query('commit')
  mustBe(rows, [{ mended: wrong }], `what was mended in ${view}`)
  return (performance.now() - from) / 1000
}

/** A million events of bets: placed, accepted, lost. */
async function givenBets(owner: pg.Pool): Promise<void> {
  const streams = Math.ceil(events / 3)
  const chunk = 50_000
  for (let from = 0; from < streams; from += chunk)
    await owner.query(
      `insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      select 1, 'u-' || n, version, 'V1_BETS_BET_' || step,
        case version when 1 then jsonb_build_object(
          'userId', 'u-' || n % ${users}, 'currency', 'USD', 'stakeMinor', 10, 'odds', '2.50', 'selection', 'home'
        ) else '{}' end,
        'bench'
      from generate_series($1::int, $2::int - 1) n,
        (values (1, 'PLACED'), (2, 'ACCEPTED'), (3, 'WON')) steps (version, step)`,
      [from, Math.min(streams, from + chunk)],
    )
}

function told(latencies: number[]): string {
  const [half, most] = [quantile(latencies, 0.5), quantile(latencies, 0.99)]
  return `p50 ${half.toFixed(2)} p99 ${most.toFixed(2)} longest ${Math.max(...latencies).toFixed(2)} ms`
}

function tell(name: string, unit: string, { ours, baseline }: { ours: number; baseline?: number }): void {
  const ratio = baseline === undefined ? null : Number((ours / baseline).toPrecision(4))
  console.log(
    JSON.stringify({
      name,
      ours: Number(ours.toPrecision(4)),
      baseline: baseline === undefined ? null : Number(baseline.toPrecision(4)),
      ratio,
      unit,
    }),
  )
}
