import { afterEach, describe, expect, it } from 'vitest'
import { freshWorker } from '../support/worker.ts'

// A network that loses one reply in ten after the commit, and more before it, between the Worker and its database.
const app = await freshWorker()
const authorization = `Bearer ${await app.token('admin', 'load')}`
afterEach(() => app.faults.clear())

type Counted = {
  attempts: number
  acknowledged: Map<string, number>
  unknown: number
  replayed: number
  odd: unknown[]
}

/** Posts a store until it is acknowledged; `key` makes the header of each attempt. */
async function insist(
  name: string,
  key: (name: string) => Record<string, string>,
  counted: Counted,
): Promise<void> {
  for (;;) {
    counted.attempts += 1
    const response = await app.fetch('/v1/dispatch/stores', {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', ...key(name) },
      body: JSON.stringify({ name, pickupAddress: 'A' }),
    })
    const answer: { id?: number } = await response.json()
    if (response.headers.get('idempotency-replayed') === 'true') counted.replayed += 1
    if (response.status === 201) {
      counted.acknowledged.set(name, answer.id ?? 0)
      return
    }
    if (response.status === 503 && response.headers.has('retry-after')) counted.unknown += 1
    else counted.odd.push([response.status, answer])
  }
}

async function post200(what: string, key: (name: string) => Record<string, string>) {
  await app.database.admin.query('truncate dispatch.stores cascade')
  app.faults.seed(11)
  app.faults.set({ cutAfterCommit: 0.1, truncate: 0.02, cutDuring: 0.03, reset: 0.05, refuse: 0.02 })
  const counted: Counted = { attempts: 0, acknowledged: new Map(), unknown: 0, replayed: 0, odd: [] }
  await Promise.all(
    Array.from({ length: 20 }, async (_, client) => {
      for (let at = 0; at < 10; at += 1) await insist(`${client}-${at}`, key, counted)
    }),
  )
  const repliesLost = app.faults.counts.cutAfterCommit + app.faults.counts.truncate
  app.faults.clear()
  const { rows } = await app.database.admin.query('select id::int, name from dispatch.stores')
  const result = {
    attempts: counted.attempts,
    unknown: counted.unknown,
    replayed: counted.replayed,
    repliesLost,
    acknowledged: counted.acknowledged.size,
    stored: rows.length,
    lost: [...counted.acknowledged].filter(
      ([name, id]) => !rows.some((row) => row.name === name && row.id === id),
    ).length,
    doubled: rows.length - new Set(rows.map(({ name }) => name)).size,
  }
  console.log(`${what}: ${JSON.stringify(result)}`)
  expect(counted.odd).toEqual([])
  return result
}

describe('200 requests over a network that loses replies', () => {
  it('have one effect each and get its answer, when repeated with their key', async () => {
    const { attempts, unknown, replayed, repliesLost, ...rest } = await post200('with a key', (name) => ({
      'idempotency-key': name,
    }))
    expect(rest).toEqual({ acknowledged: 200, stored: 200, lost: 0, doubled: 0 })
    expect(attempts).toBe(200 + unknown)
    // Some 25 of each. Chance decides which requests meet a fault.
    expect(repliesLost).toBeGreaterThan(3)
    expect(replayed).toBeGreaterThan(3)
  })

  it('have some effects twice without a key: the check finds it', async () => {
    const { doubled } = await post200('without a key', () => ({}))
    expect(doubled).toBeGreaterThan(0)
  })
})
