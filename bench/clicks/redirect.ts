import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { buildWorker } from '../../dev/system/build.ts'
import { startWorker } from '../../dev/system/worker.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe, quantile, type Turn } from '../method.ts'
import { follow } from './follow.ts'
import { givenCampaign } from './given.ts'

/** Warm redirects, beside a handler that does nothing but send a message, and beside one that sends none. */
export const redirect: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  await givenCampaign(owner, 'bench')
  const worker = await rig.worker(database)
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bare-'))
  const bundle = await buildWorker(folder, { entry: join(import.meta.dirname, 'bare/worker.ts') })
  const bare = await startWorker({ bundle, bindings: {}, streams: { bare: {} }, onLog: () => undefined })
  try {
    const contender = (name: string, url: string, verify: (turn: Turn) => Promise<void>): Contender => ({
      name,
      prepare: async () => {
        await follow(url)
        await owner.query('truncate clicks.clicks')
      },
      turn: () => closedLoop({ clients: 8, seconds: pace.seconds, operation: () => follow(url) }),
      verify,
    })
    const nothing = async () => undefined
    const ours = contender('redirect of a campaign', `${worker.url}/c/bench`, ({ operations }) =>
      stored(operations),
    )
    const compared = {
      database: owner,
      ours,
      baseline: contender('bare handler with a message', `${bare.url}/message/`, nothing),
      others: [contender('bare handler without a message', `${bare.url}/`, nothing)],
    }
    await compare({ ...compared, name: 'clicks redirects, 8 callers', unit: 'redirects/s' }, pace)
    await compare(
      {
        name: 'clicks p99 of a redirect, one caller',
        unit: 'ms',
        database: owner,
        value: ({ latenciesMs }) => quantile(latenciesMs, 0.99),
        ours: {
          ...ours,
          turn: () =>
            closedLoop({
              clients: 1,
              seconds: pace.seconds,
              operation: () => follow(`${worker.url}/c/bench`),
            }),
        },
        baseline: null,
      },
      pace,
    )
  } finally {
    await bare.dispose()
    rmSync(folder, { recursive: true, force: true })
  }

  /** Each redirect of the turn, and the one that warmed it, has its click. */
  async function stored(operations: number): Promise<void> {
    let clicks = 0
    for (let waited = 0; clicks < operations && waited < 30_000; waited += 100) {
      await pause(100)
      const { rows } = await owner.query('select count(*)::int as n from clicks.clicks')
      clicks = rows[0].n
    }
    mustBe(clicks >= operations, true, `whether ${clicks} of ${operations} clicks are stored`)
  }
}
