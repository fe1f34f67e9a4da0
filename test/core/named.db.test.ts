import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { hot } from '../../functions/core/hot.ts'
import { commented, named, nameOfAll } from '../../functions/core/named.ts'
import { freshEnvironment } from './environment.ts'

const { ctx } = await freshEnvironment()

const running = named('shop.look')`select query from pg_stat_activity where pid = pg_backend_pid()`
type Running = { query: string }

describe('the name of a statement', () => {
  it.each([
    ['select 1', 'select /* shop.look */ 1'],
    ['\n  with a as (select) select', '\n  with /* shop.look */ a as (select) select'],
    ['\n-- a -- comment\n-- b\nselect 1', '\n-- a -- comment\n-- b\nselect /* shop.look */ 1'],
    ['rollback to savepoint part', 'rollback /* shop.look */ to savepoint part'],
  ])('stands behind its first keyword: %j', (text, expected) => {
    expect(commented(text, 'shop.look')).toBe(expected)
  })

  it('reaches Postgres with a single statement, in a batch and in a transaction', async () => {
    const { db } = ctx()
    const expected = [{ query: expect.stringMatching(/^select \/\* shop\.look \*\/ query/) }]
    expect(await db.query<Running>(running)).toEqual(expected)
    expect(await db.batch([running])).toEqual([expected])
    expect(await db.with({ 'app.tenant_id': '1' }).query(running)).toEqual(expected)
    expect(await db.transaction((tx) => tx.query(running))).toEqual(expected)
  })

  it('is told for a hot statement as well, and no fragment adds one', () => {
    const statement = hot('shop.sell', named('shop.inner')`select ${sql`1`}`)
    expect(statement.verb).toBe('shop.sell')
  })

  it('of a batch is the first that is not one of core', async () => {
    const begin = named('core.begin-key')`select`
    expect(nameOfAll([begin, running, named('shop.sell')`select`])).toBe('shop.look')
    expect(nameOfAll([begin])).toBe('core.begin-key')
    const { db, metrics } = ctx()
    await db.batch([begin, running])
    expect([metrics.trips, metrics.verb]).toEqual([1, 'shop.look'])
  })
})
