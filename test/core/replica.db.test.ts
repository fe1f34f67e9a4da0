import { afterEach, describe, expect, it } from 'vitest'
import { urlAs } from '../../dev/postgres/urls.ts'
import { freshDatabase } from '../support/database.ts'
import { sent } from '../support/sent.ts'
import { failure, freshEnvironment } from './environment.ts'

// Transaction ids belong to the whole server: another database of it shows an open transaction as open, just as a
// standby shows one of which it has replayed nothing. That lets one server stand for both; replica-standbys.db.test.ts has
// true standbys.
const { database, proxy, ctx } = await freshEnvironment()
const standby = await freshDatabase()
const bindings = { DATABASE_URL_REPLICAS: standby.workerUrl }
const where = sent`select current_database() as name`

afterEach(() => {
  proxy.faults.clear()
})

/** The position of a write, and the transaction that has not committed it yet. */
async function openWrite() {
  const writer = await database.connect()
  await writer.query('begin')
  const { rows } = await writer.query('select pg_current_xact_id()::text as position')
  return { writer, after: rows[0].position as string }
}

describe('a read that may be a moment old', () => {
  it('goes to the replica, in one round trip', async () => {
    const { replica, metrics } = ctx({ bindings })
    expect(await replica.query(where)).toEqual([{ name: standby.name }])
    expect(metrics.trips).toBe(1)
  })

  it('goes to the primary when no replica is configured', async () => {
    const { replica, db } = ctx()
    expect(replica).toBe(db)
  })

  it('uses all replicas in turn', async () => {
    const urls = [standby.workerUrl, database.workerUrl].join(',')
    const names = []
    for (let read = 0; read < 4; read += 1)
      names.push(await ctx({ bindings: { DATABASE_URL_REPLICAS: urls } }).replica.query(where))
    expect(new Set(names.map((rows) => JSON.stringify(rows))).size).toBe(2)
    expect(names.slice(0, 2)).toEqual(names.slice(2))
  })

  it('goes to the primary when the replica cannot be reached', async () => {
    const nowhere = urlAs(standby.workerUrl, { user: 'nobody', password: 'x' })
    const { replica, metrics } = ctx({ bindings: { DATABASE_URL_REPLICAS: nowhere } })
    expect(await replica.query(where)).toEqual([{ name: database.name }])
    expect(metrics.trips).toBe(2)
  })

  it('is not repeated on the primary when the statement is at fault', async () => {
    const { replica, metrics } = ctx({ bindings })
    expect(await failure(replica.query(sent`select 1 / 0`))).toMatchObject({ sqlstate: '22012' })
    expect(metrics.trips).toBe(1)
  })

  it('cannot write', async () => {
    const { replica } = ctx({ bindings })
    expect(await failure(replica.query(sent`delete from core.job_runs`))).toMatchObject({ sqlstate: '25006' })
  })

  it('keeps its isolation level and its settings on the replica and on the primary', async () => {
    const seen = sent`select current_setting('transaction_isolation') as level, current_setting('app.x') as x`
    const expected = [[{ level: 'repeatable read', x: '1' }]]
    const { writer, after } = await openWrite()
    for (const one of [ctx({ bindings }), ctx({ bindings, after })]) {
      const db = one.replica.with({ 'app.x': '1' })
      expect(await db.batch([seen], { isolation: 'RepeatableRead' })).toEqual(expected)
    }
    await writer.query('rollback')
  })
})

describe('a read after a write of its own', () => {
  it('goes to the primary while the replica does not show that write, in two round trips', async () => {
    const { writer, after } = await openWrite()
    const behind = ctx({ bindings, after })
    expect(await behind.replica.query(where)).toEqual([{ name: database.name }])
    expect(behind.metrics.trips).toBe(2)

    await writer.query('commit')
    const caughtUp = ctx({ bindings, after })
    expect(await caughtUp.replica.query(where)).toEqual([{ name: standby.name }])
    expect(caughtUp.metrics.trips).toBe(1)
  })

  it('goes to the primary for a position in the future', async () => {
    const { rows } = await database.admin.query(
      'select (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000000)::text as position',
    )
    expect(await ctx({ bindings, after: rows[0].position }).replica.query(where)).toEqual([
      { name: database.name },
    ])
  })

  it('misses it when the position is ignored: the check finds it', async () => {
    const { writer, after } = await openWrite()
    expect(after).toMatch(/^\d+$/)
    expect(await ctx({ bindings }).replica.query(where)).toEqual([{ name: standby.name }])
    await writer.query('rollback')
  })
})
