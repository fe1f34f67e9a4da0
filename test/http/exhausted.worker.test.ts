import { expect, it } from 'vitest'
import { givenStore } from '../dispatch/support/given.ts'
import { caller, parcel } from '../dispatch/support/http.ts'
import { freshWorker } from '../support/worker.ts'

const app = await freshWorker()
const { admin } = app.database
const storeId = await givenStore(admin)
const store = await caller(app, 'store', storeId)

/** As if Postgres met this state while it writes an order. */
async function failWith(state: string): Promise<void> {
  await admin.query(`
    create or replace function dispatch.fail() returns trigger language plpgsql
    as $$ begin raise exception 'could not extend file' using errcode = '${state}'; end $$;
    create or replace trigger fails before insert on dispatch.orders for each row execute function dispatch.fail()`)
}

it.each(['53100', '53200', '53400', '53000', '58030', '58P01', '58000'])(
  'SQLSTATE %s is 503 with Retry-After, and the same key has one effect later',
  async (state) => {
    await failWith(state)
    const send = () => store.post('/orders', { body: parcel, key: `order-${state}` })
    const refused = await send()
    expect(refused).toMatchObject({
      status: 503,
      body: { code: 'unavailable', retryable: true, outcome: 'none' },
    })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(JSON.stringify(refused.body)).not.toContain('extend file')
    await admin.query('drop trigger fails on dispatch.orders')
    expect((await send()).status).toBe(201)
    expect((await send()).headers.get('idempotency-replayed')).toBe('true')
  },
)

it('a state that is no lack of resources stays an internal error', async () => {
  await failWith('XX000')
  expect((await store.post('/orders', { body: parcel })).status).toBe(500)
  await admin.query('drop trigger fails on dispatch.orders')
})
