import { expect, it } from 'vitest'
import { mortalServer } from '../../support/mortal-server.ts'
import { anAnswersTime } from '../../support/soon.ts'
import { givenCouriers, givenOrders, givenStore } from '../support/given.ts'
import { type Answer, caller, parcel, tally } from '../support/http.ts'
import { broken } from '../support/invariants.ts'

const { cluster, admin, app } = await mortalServer()

it('Postgres killed under load loses no acknowledged write, and the Worker is ready a second after its return', async () => {
  const storeId = await givenStore(admin)
  const store = await caller(app, 'store', storeId)
  const couriers = await Promise.all(
    (await givenCouriers(admin, 8, { capacity: 1000 })).map((id) => caller(app, 'courier', id)),
  )
  await givenOrders(admin, 400, { storeId, boxes: 1 })
  const answers: Answer[] = []
  const created: unknown[] = []
  const claimed: unknown[] = []
  let running = true
  const keep = async (send: () => Promise<Answer>, kept: unknown[]) => {
    while (running) {
      const answer = await send()
      answers.push(answer)
      if (answer.status < 300) kept.push(answer.body['id'])
    }
  }
  const load = [
    ...Array.from({ length: 4 }, () => keep(() => store.post('/orders', { body: parcel }), created)),
    ...couriers.map((courier) => keep(() => courier.post('/orders/claim-next'), claimed)),
  ]

  await until(() => created.length > 50 && claimed.length > 50)
  await cluster.kill()
  const before = answers.length
  await until(() => answers.length > before + 100)
  const down = answers.slice(before + 12)
  await cluster.start()
  await anAnswersTime()
  expect((await app.fetch('/readyz')).status).toBe(200)
  const [createdBefore, claimedBefore] = [created.length, claimed.length]
  await until(() => created.length > createdBefore && claimed.length > claimedBefore)
  running = false
  await Promise.all(load)

  console.log('Postgres killed under load: %o', tally(answers))
  expect(new Set(down.map(({ status }) => status))).toEqual(new Set([503]))
  const refused = answers.filter(({ status }) => status >= 300)
  expect(
    refused.filter(({ status, headers }) => status !== 503 || headers.get('retry-after') === null),
  ).toEqual([])
  expect(await missing('true', created)).toEqual([])
  expect(await missing(`status = 'assigned'`, claimed)).toEqual([])
  expect(new Set(claimed).size).toBe(claimed.length)
  expect(await broken(admin)).toEqual([])
})

/** The `ids` whose rows are missing or in the wrong state. */
async function missing(as: string, ids: unknown[]): Promise<unknown[]> {
  const { rows } = await admin.query(
    `select id from unnest($1::bigint[]) id where not exists (select from dispatch.orders o where o.id = id.id and ${as})`,
    [ids],
  )
  return rows
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate)
}
