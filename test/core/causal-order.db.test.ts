import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { effectAgain } from '../../functions/core/again.ts'
import { answer } from '../../functions/core/idempotency.ts'
import { untilBlocking } from '../support/blocking.ts'
import { sent } from '../support/sent.ts'
import { freshEnvironment } from './environment.ts'

const { database, ctx } = await freshEnvironment()

it('an event of a transaction that began earlier stands after the event that it waited for', async () => {
  const [early, late] = [await database.connect(), await database.connect()]
  const emit = (type: string) =>
    `insert into core.outbox (topic, subject, type, data) values ('test', 'order:1', '${type}', '{}')`
  await early.query('begin')
  // An idempotency key takes the transaction's id before the change waits for its row.
  await early.query('select pg_current_xact_id()')
  await late.query(emit('a.first'))
  await early.query(emit('a.second'))
  await early.query('commit')
  const { rows } = await database.admin.query('select type from core.outbox order by xid, seq')
  expect(rows).toEqual([{ type: 'a.first' }, { type: 'a.second' }])
})

it('an event of a statement that waited for another change stands after its event', async () => {
  const [early, late] = [await database.connect(), await database.connect()]
  await database.admin.query('create table rows (id int primary key, n int); insert into rows values (1, 0)')
  await database.admin.query('truncate core.outbox')
  const change = (type: string) => `
    with changed as (update rows set n = n + 1 where id = 1 returning id)
    insert into core.outbox (topic, subject, type, data) select 'test', 'row:1', '${type}', '{}' from changed`
  await early.query('begin')
  await early.query('select pg_current_xact_id()')
  await late.query('begin')
  await late.query(change('a.first'))
  const waiting = early.query(change('a.second'))
  await untilBlocking(late, database.admin)
  await late.query('commit')
  await waiting
  await early.query('commit')
  const { rows } = await database.admin.query('select type from core.outbox order by xid, seq')
  expect(rows).toEqual([{ type: 'a.first' }, { type: 'a.second' }])
})

it('a decision whose snapshot is always too old is made twice and not more', async () => {
  const request = ctx()
  const undecided = sent`select ${answer(sql`jsonb_build_object('again', true)`)}`
  expect(await effectAgain(request, { statement: undecided })).toBeNull()
  expect(request.metrics.trips).toBe(2)
})
