import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { freshFolder } from '../../support/folder.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker, type TestWorker } from '../../support/worker.ts'

// `KILLS=10` is the long run.
const kills = Number(process.env['KILLS'] ?? 3)
const clients = 50
const persistTo = join(freshFolder(), 'state')
const route = 'route="/v1/dispatch/stores",method="GET"'
const unlimited = { limit: 1_000_000_000, period: 60 } as const

type Counts = { sent: number; answered: number }

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

/** Fifty clients send requests until `stop` is called. */
function load(app: TestWorker, token: string, counts: Counts): () => Promise<unknown> {
  let running = true
  const client = async () => {
    while (running) {
      counts.sent += 1
      const response = await fetch(`${app.url}/v1/dispatch/stores`, {
        headers: { authorization: `Bearer ${token}` },
      }).catch(() => null)
      if ((await response?.text().catch(() => null)) != null) counts.answered += 1
    }
  }
  const all = Promise.all(Array.from({ length: clients }, client))
  return () => {
    running = false
    return all
  }
}

describe('the counts of a Worker that is killed under load', () => {
  it('never fall, never exceed the truth, and lack only what was not reported yet', {
    timeout: 300_000,
  }, async () => {
    const counts: Counts = { sent: 0, answered: 0 }
    const shown: number[] = []
    let database: TestWorker['database'] | undefined
    let reported = 0
    for (let life = 0; life <= kills; life += 1) {
      const app = await freshWorker({
        persistTo,
        rateLimits: { RATE_READ: unlimited },
        ...(database && { database }),
      })
      database = app.database
      const token = await app.token('admin', 'ann')
      const look = async () => {
        const sum = await counted(app.url, token)
        if (sum !== null) shown.push(sum)
        return sum ?? 0
      }
      // All that was shown before the kill is there after it.
      await expect.poll(look, soon).toBeGreaterThanOrEqual(reported)
      if (life === kills) break
      const answeredBefore = counts.answered
      const stop = load(app, token, counts)
      await expect.poll(() => counts.answered - answeredBefore, soon).toBeGreaterThan(3 * clients)
      // Of this life's answers at this moment all are reported within seconds, while the load goes on.
      const answered = counts.answered - answeredBefore
      const before = reported
      await expect.poll(async () => (await look()) - before, soon).toBeGreaterThanOrEqual(answered)
      reported = Math.max(...shown)
      await app.dispose()
      await stop()
    }
    const last = shown.at(-1) ?? 0
    console.log(
      '%s',
      JSON.stringify({ kills, clients, ...counts, counted: last, short: counts.answered - last }),
    )
    expect(shown).toEqual(shown.toSorted((a, b) => a - b))
    expect(last).toBeLessThanOrEqual(counts.sent)
    expect(last).toBeGreaterThan(counts.answered / 3)
  })
})
