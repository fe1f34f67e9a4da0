import { expect, inject, it } from 'vitest'
import { workerRole } from '../../dev/postgres/roles.ts'
import { caller, parcel } from '../dispatch/support/http.ts'
import { freshDatabase } from '../support/database.ts'
import { freshPgbouncer, poolerAuths, through } from '../support/pgbouncer.ts'
import { freshWorker } from '../support/worker.ts'

const ways = ['Postgres itself', ...poolerAuths.map((auth) => `a PgBouncer that requires ${auth}`)]

it.each(ways)('jobs, reads and orders work on %s', async (way) => {
  const database = await freshDatabase()
  const auth = poolerAuths.find((one) => way.endsWith(one))
  const roles = { [workerRole]: inject('workerPassword') }
  const pooler = auth && (await freshPgbouncer(database.ownerUrl, auth, roles))
  const app = await freshWorker({
    database: pooler
      ? {
          ...database,
          ownerUrl: through(pooler, database.ownerUrl),
          workerUrl: through(pooler, database.workerUrl),
        }
      : database,
  })
  expect((await app.fetch('/readyz')).status).toBe(200)

  await app.scheduled('* * * * *')
  expect((await app.fetch('/v1/space/iss')).status).toBe(200)

  const admin = await caller(app, 'admin', 1)
  const shop = await admin.post('/stores', {
    body: { name: 'Baker', pickupAddress: '1 Market Street' },
    key: 'a',
  })
  const rider = await admin.post('/couriers', { body: { name: 'Ana', available: true }, key: 'b' })
  const store = await caller(app, 'store', Number(shop.body['id']))
  const courier = await caller(app, 'courier', Number(rider.body['id']))
  const order = await store.post('/orders', { body: parcel, key: 'c' })
  const claims = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      courier.post(`/orders/${String(order.body['id'])}/claim`, { key: `claim-${at}` }),
    ),
  )
  expect(claims.filter(({ status }) => status === 200).length).toBeGreaterThan(0)
  const held = await store.get(`/orders/${String(order.body['id'])}`)
  expect(held.body).toMatchObject({ status: 'assigned', fence: 1, courierId: rider.body['id'] })
})
