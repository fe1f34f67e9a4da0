import { describe, expect, it } from 'vitest'
import { cursorFieldsOf } from '../../functions/http/bound-cursors.ts'
import { deposit, rowsOf, serverOf } from '../ledger/support/http.ts'
import { endpoints } from '../support/system.ts'
import { freshWorker } from '../support/worker.ts'

const app = await freshWorker()
const { admin } = app.database
const mine = await serverOf(app, 1)
const theirs = await serverOf(app, 2)
for (const server of [mine, theirs])
  for (const user of ['u-1', 'u-2']) for (const amount of [1, 2, 3]) await deposit(server, amount, user)
await deposit(mine, 5, 'u-1', 'EUR')
await deposit(mine, 5, 'u-1', 'EUR')

const cursorAt = async (path: string) => String((await mine.get(path)).body['nextCursor'])
const statement = (user: string, currency = 'USD', more = '') =>
  `/users/${user}/statement?currency=${currency}&limit=1${more}`

describe('a cursor', () => {
  it.each([
    [statement('u-1'), statement('u-2'), 'another account'],
    [statement('u-1'), statement('u-1', 'EUR'), 'another currency'],
    [statement('u-1', 'USD', '&order=asc'), statement('u-1', 'USD', '&order=desc'), 'another order'],
    [statement('u-1'), statement('u-1', 'USD', '&from=2020-01-01T00:00:00Z'), 'another range'],
    ['/payments?limit=1', '/payments?limit=1&userId=u-1', 'another filter'],
    [
      '/payments?limit=1&status=completed',
      '/payments?limit=1&status=requested',
      'another value of its filter',
    ],
    ['/payments?limit=1', '/bets?limit=1', 'another list'],
  ])('of %s is refused by %s: %s', async (given, other) => {
    const cursor = await cursorAt(given)
    expect(await mine.get(`${given}&cursor=${cursor}`)).toMatchObject({ status: 200 })
    expect(await mine.get(`${other}&cursor=${cursor}`)).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor' },
    })
  })

  it('of another tenant is refused, though user and currency are the same', async () => {
    const cursor = await cursorAt(statement('u-1'))
    expect((await theirs.get(`${statement('u-1')}&cursor=${cursor}`)).body['code']).toBe('invalid_cursor')
  })

  it('goes on with another number of rows, and with the default of a parameter spelled out', async () => {
    const cursor = await cursorAt('/payments?limit=1')
    expect(rowsOf((await mine.get(`/payments?limit=3&cursor=${cursor}`)).body)).toHaveLength(3)
    const listed = await cursorAt(statement('u-1'))
    expect((await mine.get(statement('u-1', 'USD', `&order=desc&cursor=${listed}`))).status).toBe(200)
  })

  it('is given by no list without being bound to it', () => {
    const gives = endpoints.filter(
      ({ query }) => query !== undefined && /cursor/.test(Object.keys(query.shape).join()),
    )
    expect(gives.length).toBeGreaterThan(8)
    expect(gives.filter((endpoint) => cursorFieldsOf(endpoint) === null)).toEqual([])
  })
})

await admin.query(
  `insert into space.upstream_state (upstream, last_ok_at) values ('osdr', now()) on conflict do nothing`,
)

describe('the cursor of a dataset with the longest title', () => {
  it.each(['ä', '漢', '𝄞', '\u0001', '"'])('of "%s" is accepted by the list that gave it', async (letter) => {
    await admin.query('truncate space.osdr_items cascade')
    await admin.query(
      `insert into space.osdr_items (dataset_id, title, assay_types, raw, content_hash)
       select 'OSD-' || n, repeat($1, 5000), '[]', '{}', 'x' from generate_series(1, 3) n`,
      [letter],
    )
    const seen: unknown[] = []
    for (let after: string | null = ''; after !== null; ) {
      const response = await app.fetch(`/v1/space/osdr/datasets?sort=title&limit=1${after}`)
      expect(response.status).toBe(200)
      const body = await response.json<{ data: { accession: string }[]; nextCursor: string | null }>()
      seen.push(...body.data.map(({ accession }) => accession))
      after = body.nextCursor === null ? null : `&cursor=${body.nextCursor}`
    }
    expect(seen).toEqual(['OSD-1', 'OSD-2', 'OSD-3'])
  })
})

it('an order is listed once though its status is asked for twice', async () => {
  await admin.query(
    `insert into dispatch.stores (id, name, pickup_address) overriding system value values (1, 's', 'a')`,
  )
  const token = await app.token('admin', 'root')
  const authorization = `Bearer ${token}`
  const created = await app.fetch('/v1/dispatch/orders', {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      storeId: 1,
      deliveryAddress: 'there',
      recipientName: 'Ada',
      phone: '+4312345',
      boxesCount: 1,
    }),
  })
  expect([created.status, await created.text()]).toEqual([201, expect.anything()])
  for (const status of ['new,new', 'new,accepted,new']) {
    const listed = await app.fetch(`/v1/dispatch/orders?status=${status}`, { headers: { authorization } })
    expect((await listed.json<{ data: unknown[] }>()).data).toHaveLength(1)
  }
})
