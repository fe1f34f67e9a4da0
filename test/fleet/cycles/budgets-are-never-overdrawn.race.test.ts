import { type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type pg from 'pg'
import { expect, it } from 'vitest'
import { decideZones } from '../../../functions/fleet/cycles/decide-zones.ts'
import { letLocksWait, untilWaiting } from '../../core/barrier.ts'
import { times } from '../../core/environment.ts'
import { freshDatabase } from '../../support/database.ts'
import { withinAnHour } from '../../support/lasting.ts'
import { givenRegulated } from '../support/regulated.ts'

const database = await freshDatabase()
await letLocksWait(database)
const { admin } = database
const clients = await times(10, () => database.connect(database.workerUrl))
for (const client of clients) await client.query("select set_config('app.tenant_id', '*', false)")
const start = withinAnHour(60)
await admin.query("select core.make_partitions('fleet.decisions', $1)", [[new Date(start)]])

/** Fifty decisions about one zone at once, without the lock of the shard: five of them on each connection. */
async function storm(change: (text: string) => string = (text) => text) {
  const [measuredAt, usedAt] = [new Date(start), new Date(start)]
  const budgets = { budgetHour: 10, budgetDay: 8, dose: 2, cooldownSeconds: 0 }
  const given = await givenRegulated(admin, { ...budgets, measuredAt, usedAt })
  const text = (n: number): { text: string; values: unknown[] } => {
    const slot = new Date(start + n * 1_000)
    const part = { shard: 0, shards: 1, slot, from: given.zone, to: given.zone }
    const { sql: statement, params } = new PgDialect().sqlToQuery(whole(decideZones(part)))
    return { text: change(statement), values: params }
  }
  const locked = await holding(given.regulator)
  const running = clients.map(async (client, at) => {
    for (const n of [0, 1, 2, 3, 4]) await client.query(text(at * 5 + n))
  })
  await locked.release()
  await Promise.all(running)
  const { rows } = await admin.query(
    `select (select coalesce(sum(amount), 0)::float8 from fleet.commands where regulator_id = $1) as ordered,
      (select day_used::float8 from fleet.dose_windows where regulator_id = $1) as used`,
    [given.regulator],
  )
  return rows[0]
}

const whole = (ctes: SQL) => sql`with ${ctes} select count(*) from noted`

/** All start from one snapshot: the row of the budgets is locked until each connection waits for it. */
async function holding(regulator: number) {
  const holder: pg.Client = await database.connect()
  await holder.query('begin')
  await holder.query('select from fleet.dose_windows where regulator_id = $1 for update', [regulator])
  return {
    async release() {
      await untilWaiting(database, clients.length)
      await holder.query('commit')
    },
  }
}

it('fifty decisions at once order no dose beyond the smaller budget', async () => {
  // The first command blocks the later ones, so the wait for it is left out as well.
  expect(
    await storm((text) => text.replace('q.regulator_id is not null as waits', 'false as waits')),
  ).toEqual({
    ordered: 8,
    used: 8,
  })
})

it('the check finds a statement that sets the budget by its snapshot', async () => {
  const outcome = await storm((text) =>
    text
      .replace('q.regulator_id is not null as waits', 'false as waits')
      .replace(
        /(hour|day)_used = case when w\.\1_at = d\.\1_at then w\.\1_used else 0 end \+ d\.dose/g,
        '$1_used = d.budget_$1 - d.$1_left + d.dose',
      )
      .replace(
        /and case when w\.(hour|day)_at = d\.\1_at then w\.\1_used else 0 end \+ d\.dose <= d\.budget_\1/g,
        '',
      ),
  )
  expect(outcome.ordered).toBeGreaterThan(8)
})
