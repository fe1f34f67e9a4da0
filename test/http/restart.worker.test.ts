import { expect, it } from 'vitest'
import { mortalServer } from '../support/mortal-server.ts'
import { anAnswersTime, soon } from '../support/soon.ts'

const { cluster, admin, app } = await mortalServer()
const authorization = `Bearer ${await app.token('admin', 'load')}`

type Seen = { acknowledged: string[]; refused: number; odd: unknown[] }

/** One client: each store is posted again with its key until it is acknowledged, however often the server is away. */
async function client(at: number, count: number, seen: Seen): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const name = `${at}-${number}`
    for (let done = false; !done; ) {
      const response = await app.fetch('/v1/dispatch/stores', {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', 'idempotency-key': name },
        body: JSON.stringify({ name, pickupAddress: 'A' }),
      })
      done = response.status === 201
      if (done) seen.acknowledged.push(name)
      else if (response.status === 503 && response.headers.has('retry-after')) seen.refused += 1
      else seen.odd.push([response.status, await response.text()])
      // A caller that gets Retry-After checks whether it has elapsed.
      if (!done) await app.fetch('/readyz')
    }
  }
}

it('loses no acknowledged write when Postgres is killed under load, and is ready a second after its return', async () => {
  const seen: Seen = { acknowledged: [], refused: 0, odd: [] }
  const load = Promise.all(Array.from({ length: 8 }, (_, at) => client(at, 60, seen)))
  await expect.poll(() => seen.acknowledged.length, { ...soon, interval: 5 }).toBeGreaterThan(100)
  await cluster.kill()
  await expect.poll(() => seen.refused, { ...soon, interval: 5 }).toBeGreaterThan(8)
  await cluster.start()
  await anAnswersTime()
  expect((await app.fetch('/readyz')).status).toBe(200)
  await load

  const { rows } = await admin.query('select name, count(*)::int as n from dispatch.stores group by name')
  const stored = new Set(rows.map(({ name }) => name))
  const result = {
    acknowledged: seen.acknowledged.length,
    refused: seen.refused,
    stored: stored.size,
    lost: seen.acknowledged.filter((name) => !stored.has(name)).length,
    doubled: rows.filter(({ n }) => n > 1).length,
  }
  console.log(`Postgres killed under load: ${JSON.stringify(result)}`)
  expect(seen.odd).toEqual([])
  expect(result).toMatchObject({ acknowledged: 480, stored: 480, lost: 0, doubled: 0 })
})
