import { afterAll, expect, it } from 'vitest'
import { urlAs } from '../../dev/postgres/urls.ts'
import type { Endpoint } from '../../functions/http/endpoint.ts'
import { pathOf } from '../http/asking.ts'
import { freshDatabase } from '../support/database.ts'
import { endpoints } from '../support/system.ts'
import { freshWorker } from '../support/worker.ts'

const password = 'canary-password-5d1e'
const scraper = 'canary-scraper-77aa19'
const logged: string[] = []
const unlimited = { limit: 1_000_000, period: 60 } as const

const database = await freshDatabase()
// Roles belong to the whole server, so the name is this file's own.
const role = `canary_${database.name}`
await database.admin.query(`create role ${role} login password '${password}' in role lockstep_app`)
afterAll(() => database.admin.query(`drop role ${role}`))

const url = urlAs(database.ownerUrl, { user: role, password })
const app = await freshWorker({
  database: { ...database, workerUrl: url },
  bindings: { METRICS_TOKEN: scraper, DATABASE_URL_REPLICAS: url },
  rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited },
  onLog: (line) => logged.push(line),
})
const all = endpoints.filter(({ path }) => !path.startsWith('/v1/dev/'))
const token = await app.token('admin', 'ann', 7)
/** A part of the token that no other token has, too. */
const secrets = [password, scraper, token, token.split('.')[2] ?? token]

/** The status, the headers and the body of a response; of a stream its beginning. */
async function answerOf(endpoint: Endpoint, bearer: string): Promise<string> {
  const { method, path } = endpoint
  const response = await fetch(new URL(pathOf(endpoint), app.url), {
    method: method.toUpperCase(),
    headers: {
      authorization: `Bearer ${bearer}`,
      // The Worker may close a connection that rests, at the moment when the next call takes it.
      connection: 'close',
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
  return (await fetch(new URL('/metrics', app.url), { headers })).text()
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

it.each(states)(
  'no answer, header, log line or metric has the password of Postgres or a token, %s',
  async (_, begin) => {
    await begin()
    const seen = await answers()
    expect(seen.length).toBe(all.length)
    expect(leaks([...seen, ...(await answers(`${token}x`)), await metrics(), ...logged])).toEqual([])
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
