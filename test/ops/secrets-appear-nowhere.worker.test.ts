import { afterAll, expect, it } from 'vitest'
import { urlAs } from '../../dev/postgres/urls.ts'
import { freshFetch } from '../../dev/system/fresh-fetch.ts'
import type { Endpoint } from '../../functions/http/endpoint.ts'
import { givenStore } from '../dispatch/support/given.ts'
import { pathOf } from '../http/asking.ts'
import { deposit, serverOf } from '../ledger/support/http.ts'
import { callerAt } from '../support/caller.ts'
import { freshDatabase } from '../support/database.ts'
import { soon } from '../support/soon.ts'
import { endpoints } from '../support/system.ts'
import { freshWorker } from '../support/worker.ts'

const password = 'canary-password-5d1e'
const changed = 'canary-changed-90b2'
const scraper = 'canary-scraper-77aa19'
const logged: string[] = []
const unlimited = { limit: 1_000_000, period: 60 } as const

const database = await freshDatabase()
// Roles belong to the whole server, so the name is this file's own.
const role = `canary_${database.name}`
await database.admin.query(`create role ${role} login password '${password}' in role lockstep_app`)
await database.admin.query(`create role ${role}_other`)
afterAll(() => database.admin.query(`drop role ${role}, ${role}_other`))

const url = urlAs(database.ownerUrl, { user: role, password })
const app = await freshWorker({
  database: { ...database, workerUrl: url },
  bindings: {
    METRICS_TOKEN: scraper,
    DATABASE_URL_REPLICAS: url,
    ALERT_LIMITS: JSON.stringify({ blocked: { raise: 0, clear: 0 } }),
  },
  rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited },
  onLog: (line) => logged.push(line),
})
const all = endpoints.filter(({ path }) => !path.startsWith('/v1/dev/'))
/** The reads of the operator. */
const reads = all.filter(({ method, path }) => method === 'get' && /^\/(v1\/ops|metrics|readyz)/.test(path))
const token = await app.token('admin', 'ann', 7)
/** A part of the token that no other token has, too. */
const secrets = [password, changed, scraper, token, token.split('.')[2] ?? token]

/** The status, the headers and the body of a response; of a stream its beginning. */
async function answerOf(endpoint: Endpoint, bearer: string): Promise<string> {
  const { method, path } = endpoint
  const response = await freshFetch(new URL(pathOf(endpoint), app.url), {
    method: method.toUpperCase(),
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(method === 'get' ? {} : { 'content-type': 'application/json' }),
      ...(endpoint.ifMatch ? { 'if-match': '"1"' } : {}),
    },
    ...(method === 'get' ? {} : { body: '{}' }),
    redirect: 'manual',
  })
  const head = JSON.stringify([method, path, response.status, ...response.headers])
  if (endpoint.stream === undefined) return head + (await response.text())
  const reader = response.body?.getReader()
  const first = await reader?.read()
  await reader?.cancel()
  return head + new TextDecoder().decode(first?.value)
}

/** All endpoints, a few at a time. */
async function answers(bearer = token): Promise<string[]> {
  const texts: string[] = []
  for (let at = 0; at < all.length; at += 16)
    texts.push(...(await Promise.all(all.slice(at, at + 16).map((one) => answerOf(one, bearer)))))
  return texts
}

const leaks = (texts: readonly string[]) =>
  texts.flatMap((text) => secrets.filter((secret) => text.includes(secret)).map(() => text.slice(0, 300)))

const metrics = async () => {
  const headers = { authorization: `Bearer ${scraper}` }
  return (await freshFetch(new URL('/metrics', app.url), { headers })).text()
}

const states: [string, () => unknown][] = [
  ['while everything works', () => undefined],
  ['while Postgres refuses', () => app.faults.set({ refuse: 1 })],
  ['while connections are cut', () => app.faults.set({ reset: 1 })],
  [
    'while the password of the Worker is wrong',
    async () => {
      app.faults.clear()
      await database.admin.query(`alter role ${role} password 'another'`)
    },
  ],
]

/** The digits of a phone number and of an amount, which no id and no moment has. */
const personal = /7946 0731|442079460731|98765432101|98765432108/

it('no answer to the operator, metric, log line or alert has a phone number or an amount', async () => {
  const { admin } = database
  const store = callerAt(app, {
    below: '',
    token: await app.token('store', await givenStore(admin)),
    keyed: true,
  })
  const order = {
    deliveryAddress: '3 Long Lane',
    recipientName: 'Rosa',
    phone: '+44 20 7946 0731',
    boxesCount: 1,
  }
  const taken = String((await store.post('/v1/dispatch/orders', { body: order })).body['id'])
  const server = await serverOf(app, 7)
  const payment = await deposit(server, 98_765_432_101)
  // Postgres refuses further ones, and its error has the row.
  await admin.query(`
    alter table dispatch.orders add constraint canary check (phone = '') not valid;
    alter table ledger.payments_view add constraint canary check (amount_minor < 0) not valid`)
  const before = logged.length
  const refused = [
    await store.post('/v1/dispatch/orders', { body: order }),
    await server.post('/payments/deposits', {
      body: { userId: 'u-1', amountMinor: 98_765_432_108, currency: 'USD' },
    }),
  ]
  // Both errors reach the log, which may come after the answers (negative control).
  expect(refused.map(({ status }) => status >= 400)).toEqual([true, true])
  const ofThem = () => logged.slice(before).filter((line) => line.includes('canary')).length
  await expect.poll(ofThem, soon).toBeGreaterThanOrEqual(2)
  await admin.query(`
    alter table dispatch.orders drop constraint canary;
    alter table ledger.payments_view drop constraint canary;
    update ledger.user_balances_view set balance_minor = balance_minor + 7`)
  const operator = callerAt(app, { below: '', token })
  for (const job of ['ledger-invariants', 'ops-alerts'])
    expect((await operator.post(`/v1/ops/jobs/${job}/run`)).status).toBe(200)
  const seen = await Promise.all(reads.map((one) => answerOf(one, token)))
  const timelines = [`order/${taken}`, `payment/${payment}`].map((path) => `/v1/ops/timeline/${path}`)
  for (const path of [...timelines, '/v1/ops/alerts', '/v1/ops/log']) {
    const { status, body } = await operator.get(path)
    expect(status).toBe(200)
    seen.push(JSON.stringify(body))
  }
  const { rows } = await admin.query(`select data::text as text from core.outbox where type like 'alert.%'`)
  expect(rows.length).toBeGreaterThan(0)
  const texts = [...seen, await metrics(), ...logged, ...rows.map(({ text }) => text)]
  expect(texts.filter((text) => personal.test(text))).toEqual([])

  // The number reached Postgres and came back.
  const shown = await store.get(`/v1/dispatch/orders/${taken}`)
  expect(personal.test(JSON.stringify(shown.body))).toBe(true)
})

it('no answer to the operator, metric, log line or alert has the password that a session changes or waits to change', async () => {
  const [holder, waiter] = [await database.connect(), await database.connect()]
  const statement = `alter role ${role}_other password '${changed}'`
  await holder.query('begin')
  await holder.query(statement)
  const waiting = waiter.query(statement)
  const operator = callerAt(app, { below: '', token })
  const blocked = async () => {
    await operator.post('/v1/ops/jobs/ops-alerts/run')
    const { rows } = await database.admin.query(
      `select evidence::text as text from core.alerts where rule = 'blocked' and state = 'firing'`,
    )
    return rows.map(({ text }) => text)
  }
  await expect.poll(blocked, { ...soon, interval: 200 }).toHaveLength(1)
  const seen = await Promise.all(reads.map((one) => answerOf(one, token)))
  // The owner of the database sees the statements of both (negative control).
  const { rows } = await database.admin.query(
    `select query as text from pg_stat_activity where query like 'alter role%' and query like '%${changed}%'`,
  )
  await holder.query('rollback')
  await waiting
  expect(leaks(rows.map(({ text }) => text))).toHaveLength(2)
  expect(leaks([...seen, ...(await blocked()), await metrics(), ...logged])).toEqual([])
  const sent = await database.admin.query(
    `select data::text as text from core.outbox where type like 'alert.%'`,
  )
  expect(leaks(sent.rows.map(({ text }) => text))).toEqual([])
})

it.each(states)(
  'no answer, header, log line or metric has the password of Postgres or a token, %s',
  async (_, begin) => {
    await begin()
    const seen = await answers()
    expect(seen.length).toBe(all.length)
    const { rows } = await database.admin.query('select evidence::text as text from core.alerts')
    const alerts = rows.map(({ text }) => text)
    expect(leaks([...seen, ...(await answers(`${token}x`)), await metrics(), ...logged, ...alerts])).toEqual(
      [],
    )
  },
  300_000,
)

it('the secrets reached the Worker, and would have been seen (negative control)', async () => {
  await database.admin.query(`alter role ${role} password '${password}'`)
  app.faults.clear()
  expect(await metrics()).toContain('db_query_duration_seconds')
  expect(logged.length).toBeGreaterThan(all.length)
  expect(leaks([`{"error":"cannot reach postgresql://${role}:${password}@localhost/x"}`])).toHaveLength(1)
})
