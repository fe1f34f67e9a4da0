import { integer, pgSchema, text } from 'drizzle-orm/pg-core'
import { expect, it } from 'vitest'
import { upserted, upsertOf } from '../../functions/core/upsert.ts'
import { untilBlocking } from '../support/blocking.ts'
import { freshEnvironment } from './environment.ts'

const { database, ctx } = await freshEnvironment()
const { admin } = database
await admin.query('create schema plain; grant usage on schema plain to lockstep_app')
await admin.query('create table plain.readings (id int primary key, label text not null, at int not null)')
await admin.query('grant select, insert, update on plain.readings to lockstep_app')
const readings = pgSchema('plain').table('readings', {
  id: integer('id').primaryKey(),
  label: text('label').notNull(),
  at: integer('at').notNull(),
})

it('late data does not overwrite newer data that another transaction writes at the same moment', async () => {
  await admin.query(`insert into plain.readings values (1, 'first', 1)`)
  const keeper = await database.connect()
  await keeper.query('begin')
  await keeper.query(`update plain.readings set label = 'third', at = 3`)
  const rows = [{ id: 1, label: 'second', at: 2 }]
  const written = ctx().db.batch(upsertOf(readings, rows, { key: ['id'], newest: 'at' }))
  await untilBlocking(keeper, admin)
  await keeper.query('commit')
  expect(upserted(await written)).toEqual({ inserted: 0, updated: 0, unchanged: 1 })
  expect((await admin.query('select label, at from plain.readings')).rows).toEqual([
    { label: 'third', at: 3 },
  ])
})
