import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe, quantile, rate, type Turn } from '../method.ts'
import { follow } from './follow.ts'
import { givenCampaign } from './given.ts'

const clients = 32

/** Warm redirects beside a model of Kutt: how many, how late, and how many of their clicks are stored two seconds later. */
export const kutt: Measurement = async (rig, pace) => {
  const ours = await rig.database()
  await givenCampaign(ours.owner, 'bench')
  const worker = await rig.worker(ours)
  const theirs = await rig.database()
  await theirs.owner.query(`
create schema kutt
create table links (id int primary key, address text not null, target text not null, visit_count int not null default 0)
create table visits (
  id int generated always as identity primary key, link_id int not null references links, browsers jsonb not null,
  referrers jsonb not null, total int not null, created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
)
create index visits_link_id on visits (link_id)`)
  await theirs.owner.query(`insert into kutt.links values (1, 'bench', 'https://shop.example/')`)
  const model = fork(join(import.meta.dirname, 'kutt/server.ts'), [theirs.ownerUrl])
  try {
    const [port] = await once(model, 'message')
    let storedShare = 0
    const contender = (name: string, url: string, count: string, database = ours): Contender => ({
      name,
      database: database.owner,
      prepare: async () => {
        await database.owner.query(database === ours ? 'truncate clicks.clicks' : 'truncate kutt.visits')
        await follow(url)
      },
      async turn() {
        const turn = await closedLoop({ clients, seconds: pace.seconds, operation: () => follow(url) })
        await pause(2_000)
        const { rows } = await database.owner.query<{ n: number }>(`select ${count}::int as n`)
        storedShare = Math.min(1, (rows[0]?.n ?? 0) / (turn.operations + 1))
        // A backlog of this turn does not slow the next one.
        await untilStill(() => database.owner.query<{ n: number }>(`select ${count}::int as n`))
        return turn
      },
      verify: async ({ operations }) => mustBe(operations > 0, true, 'whether it redirects'),
    })
    const compared = {
      database: ours.owner,
      ours: contender(
        'redirect of a campaign',
        `${worker.url}/c/bench`,
        '(select count(*) from clicks.clicks)',
      ),
      baseline: contender(
        'model of Kutt',
        `http://127.0.0.1:${port}/bench`,
        '(select coalesce(sum(total), 0) from kutt.visits)',
        theirs,
      ),
    }
    const measures: [name: string, unit: string, value: (turn: Turn) => number][] = [
      ['redirects', 'redirects/s', rate],
      ['p99 of a redirect', 'ms', ({ latenciesMs }) => quantile(latenciesMs, 0.99)],
      ['stored two seconds after', 'share', () => storedShare],
    ]
    for (const [name, unit, value] of measures)
      await compare({ ...compared, name: `clicks ${name}, ${clients} callers`, unit, value }, pace)
  } finally {
    model.disconnect()
  }
}

/** Waits until the number did not change for half a second. */
async function untilStill(count: () => Promise<{ rows: { n: number }[] }>): Promise<void> {
  for (let before = -1, now = 0; now !== before; ) {
    before = now
    await pause(500)
    now = (await count()).rows[0]?.n ?? 0
  }
}
