import { expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenCourier, givenStore } from '../support/given.ts'
import { caller, parcel } from '../support/http.ts'

const app = await freshWorker()
const { admin } = app.database
const store = await caller(app, 'store', await givenStore(admin))
const courier = await caller(app, 'courier', await givenCourier(admin))

it('a Worker that is ahead of the database sends the text of hot statements, and says so', async () => {
  const { rows } = await admin.query<{ signature: string }>(
    `select oid::regprocedure::text as signature from pg_proc where proname like 'hot\\_%'`,
  )
  expect(rows).not.toEqual([])
  await admin.query(rows.map(({ signature }) => `drop function ${signature};`).join('\n'))

  const created = await store.post('/orders', { key: 'one', body: parcel })
  expect(created).toMatchObject({ status: 201, body: { status: 'new' } })
  const again = await store.post('/orders', { key: 'one', body: parcel })
  expect(again).toMatchObject({ status: 201, body: created.body, trips: 1 })
  const path = `/orders/${Number(created.body['id'])}`
  expect((await courier.post(`${path}/claim`, { key: 'claim' })).body).toMatchObject({ status: 'assigned' })
  expect((await courier.post(`${path}/accept`, { body: { fence: 1 } })).body).toMatchObject({
    status: 'accepted',
  })

  const ready = await app.fetch('/readyz')
  expect(ready.status).toBe(200)
  const { checks } = await ready.json<{ checks: { name: string; detail: string }[] }>()
  const plans = checks.find(({ name }) => name === 'plans')
  expect(plans?.detail).toMatch(/^sent as text, run npm run db:migrate: .*dispatch\.hot_create_/)
})
