import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { freshFolder } from '../../support/folder.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker, type TestWorker } from '../../support/worker.ts'

const kills = 10
const clients = 50
const persistTo = join(freshFolder(), 'state')
const route = 'route="/v1/dispatch/stores",method="GET"'
const unlimited = { limit: 1_000_000_000, period: 60 } as const

/** The requests that /metrics counts; null while no Worker answers. */
async function counted(url: string, token: string): Promise<number | null> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } }).catch(
    () => null,
  )
  const text = await response?.text().catch(() => '')
  if (!text) return null
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith(`http_server_request_duration_seconds_count{${route}`))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** Fifty clients send requests until `stop` is called, two hundred a second: enough to be counting at each kill. */
function load(app: TestWorker, token: string) {
  const answeredAt: number[] = []
  let [sent, running] = [0, true]
  const client = async () => {
    while (running) {
      sent += 1
      const response = await fetch(`${app.url}/v1/dispatch/stores`, {
        headers: { authorization: `Bearer ${token}` },
      }).catch(() => null)
      if ((await response?.text().catch(() => null)) != null) answeredAt.push(performance.now())
      await delay(250)
    }
  }
  const all = Promise.all(Array.from({ length: clients }, client))
  return {
    answered: () => answeredAt.length,
    answeredSince: (at: number) => answeredAt.filter((one) => one >= at).length,
    async stop() {
      running = false
      await all
      return sent
    },
  }
}

it('the counts of a Worker that is killed ten times under load never fall, never exceed the truth, and lack only what was not reported yet', {
  timeout: 300_000,
}, async () => {
  const shown: number[] = []
  const total = { sent: 0, answered: 0, answeredInLastSeconds: 0 }
  /** The least that may be shown. */
  let reported = 0
  let kept: Pick<TestWorker, 'database' | 'proxy'> | undefined
  for (let life = 0; life <= kills; life += 1) {
    const app = await freshWorker({
      persistTo,
      rateLimits: { RATE_READ: unlimited },
      ...kept,
    })
    kept = { database: app.database, proxy: app.proxy }
    const token = await app.token('admin', 'ann')
    const look = async () => {
      const sum = await counted(app.url, token)
      if (sum !== null) shown.push(sum)
      return sum ?? 0
    }
    // All that was reported before the kill is there after it.
    await expect.poll(look, soon).toBeGreaterThanOrEqual(reported)
    if (life === kills) break
    const before = Math.max(0, ...shown)
    const { answered, answeredSince, stop } = load(app, token)
    await expect.poll(answered, soon).toBeGreaterThanOrEqual(clients)
    // All of these answers are reported within seconds, while the load goes on.
    reported = before + answered()
    await expect.poll(look, soon).toBeGreaterThanOrEqual(reported)
    await app.dispose()
    total.answeredInLastSeconds += answeredSince(performance.now() - 1_000)
    total.sent += await stop()
    total.answered += answered()
  }
  const last = shown.at(-1) ?? 0
  console.log('%s', JSON.stringify({ kills, clients, ...total, counted: last, short: total.answered - last }))
  expect(shown).toEqual(shown.toSorted((a, b) => a - b))
  expect(last).toBeLessThanOrEqual(total.sent)
})
