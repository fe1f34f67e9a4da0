import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { expect, inject, it } from 'vitest'
import { creationOf, planHot, readHotStatements } from '../../../dev/migrations/hot.ts'
import { type Compiled, compileHot, hot } from '../../../functions/core/hot.ts'
import { builtWorker } from '../../support/built-worker.ts'
import { freshDatabase } from '../../support/database.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker, type TestWorker } from '../../support/worker.ts'
import { givenCouriers, givenOrders, givenStore } from '../support/given.ts'
import { type Answer, caller, tally } from '../support/http.ts'
import { mustBeSound } from '../support/invariants.ts'

const statements = await readHotStatements()
const isClaim = ({ name }: Compiled) => name.startsWith('dispatch.hot_claim_') && !name.includes('claim_next')
const claim = statements.find(isClaim)
if (claim === undefined) throw new Error('The claim is not hot')

/** The claim of the last release: one space more, hence another function. */
const [text, earlierText] = ['when seen.own', 'when  seen.own']
const earlierClaim = compileHot(
  hot('dispatch.claim', sql.raw(claim.statement.text.replace(text, earlierText))),
)
if (earlierClaim === null) throw new Error('The earlier claim is not hot')

const database = await freshDatabase()
const { admin } = database
const owner = await database.connect()
await owner.query(await creationOf(owner, earlierClaim))
await dropFunction(claim.name)

const bundle = await lastRelease({ [claim.name]: earlierClaim.name, [text]: earlierText })
const said: string[] = []
const old = await freshWorker({ database, bundle, onLog: (line) => said.push(line) })
const next = await freshWorker({ database })
const storeId = await givenStore(admin)

it('an old Worker and a new one give each order to one courier before, during and after a migration', async () => {
  await race()
  expect([await plans(old), await plans(next)]).toEqual(['kept', expect.stringContaining(claim.name)])

  const [migrated] = await Promise.all([migrate(), race(), race()])
  expect(migrated).toEqual([
    expect.stringContaining('comment on'),
    expect.stringContaining('create function'),
  ])
  await race()
  const newest = await freshWorker({ database })
  await race([old, newest])
  expect([await plans(old), await plans(newest)]).toEqual(['kept', 'kept'])

  // A later release drops what this one no longer calls.
  const missing = () => said.filter((line) => line.includes('hot function is missing'))
  expect(missing()).toEqual([])
  await dropFunction(earlierClaim.name)
  await race([old, newest])
  await expect.poll(missing, soon).toEqual([expect.stringContaining(earlierClaim.name)])
  await mustBeSound(admin)
})

/** Each order is wanted by two couriers, of whom each sends its key through both Workers at once. */
async function race(workers: TestWorker[] = [old, next]): Promise<void> {
  const orders = await givenOrders(admin, 10, { storeId })
  for (const orderId of orders) {
    const couriers = await givenCouriers(admin, 2)
    const answers = await Promise.all(
      couriers.map((courier) => Promise.all(workers.map((app) => claimed(app, { courier, orderId })))),
    )
    expect(tally(answers.map(([first]) => first).filter((first) => first !== undefined))).toEqual({
      '200': 1,
      '409 order_taken': 1,
    })
    for (const same of answers) expect(new Set(same.map(told)).size).toBe(1)
  }
}

/** An answer without the id of its request. */
const told = ({ status, body }: Answer) =>
  JSON.stringify([status, body['code'], body['courierId'], body['version'], body['lease']])

async function claimed(app: TestWorker, { courier, orderId }: { courier: number; orderId: number }) {
  const client = await caller(app, 'courier', courier)
  return client.post(`/orders/${orderId}/claim`, { key: `${courier}-claims-${orderId}` })
}

async function migrate(): Promise<string[]> {
  const plan = await planHot(owner, [...statements])
  for (const one of plan) await owner.query(one)
  // Functions that an earlier release had left are dropped as well.
  return plan.filter((one) => !one.startsWith('drop'))
}

async function plans(app: TestWorker): Promise<string | undefined> {
  const { checks } = await (await app.fetch('/readyz')).json<{ checks: { name: string; detail: string }[] }>()
  return checks.find(({ name }) => name === 'plans')?.detail
}

/** A Worker whose bundle has other texts: each occurs exactly once in the built one. */
async function lastRelease(changes: Record<string, string>): Promise<string> {
  let text = readFileSync((await builtWorker()).bundle, 'utf8')
  for (const [now, then] of Object.entries(changes)) {
    expect(text.split(now)).toHaveLength(2)
    text = text.replace(now, () => then)
  }
  const folder = join(inject('runFolder'), 'last-release')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'worker.js'), text)
  return join(folder, 'worker.js')
}

async function dropFunction(name: string): Promise<void> {
  const { rows } = await owner.query<{ signature: string }>(
    `select oid::regprocedure::text as signature from pg_proc where oid = $1::regproc`,
    [name],
  )
  await owner.query(`drop function ${rows[0]?.signature}`)
}
