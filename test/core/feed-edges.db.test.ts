import { beforeEach, describe, expect, it } from 'vitest'
import { outboxOutgoing } from '../../functions/core/outbox.ts'
import { beginning, cursorStatuses, readBehindHorizon } from '../../functions/core/stream.ts'
import { freshEnvironment } from './environment.ts'

const { database, ctx } = await freshEnvironment()
const { admin } = database
const feed = { ...outboxOutgoing.feed, event: outboxOutgoing.data }
await admin.query('create schema plain; create sequence plain.numbers')
await admin.query('create table plain.events (xid xid8, seq bigint) partition by list (seq)')
await admin.query('create table plain.events_1 partition of plain.events for values in (1)')

beforeEach(async () => void (await admin.query('truncate core.outbox, core.feed_positions')))

describe('a cursor', () => {
  const statuses = async (...cursors: [xid: number, seq: number][]) => {
    const wanted = cursors.map(([xid, seq]) => ({ xid: String(xid), seq: String(seq) }))
    const [rows = []] = await readBehindHorizon(ctx().db, feed, [cursorStatuses(feed, wanted)])
    return rows.map((row) => (row as { status: string }).status)
  }

  it('at the beginning is known until retention has removed an event', async () => {
    expect(beginning).toEqual({ xid: '0', seq: '0' })
    expect(await statuses([0, 0], [7, 7])).toEqual(['known', 'unknown'])
    await admin.query(`insert into core.feed_positions (name, xid, seq) values ('removed:outbox', '5', 2)`)
    expect(await statuses([0, 0], [5, 1], [5, 2], [5, 3])).toEqual(['expired', 'expired', 'known', 'unknown'])
  })
})

describe('a feed is held back by a writer', () => {
  it.each([
    ['of one of its partitions', 'insert into plain.events_1 values (pg_current_xact_id(), 1)'],
    ['that has numbered a row but not written it', `select pg_current_xact_id(), nextval('plain.numbers')`],
  ])('%s', async (_, write) => {
    const [writer, reader] = [await database.connect(), await database.connect()]
    await writer.query('begin')
    await writer.query(write)
    const [own] = (await writer.query('select pg_current_xact_id()::text as xid')).rows
    await admin.query('select pg_current_xact_id()')
    await reader.query('begin')
    await reader.query(
      `select core.mark_horizon(array['plain.events']::regclass[], 'plain.numbers'::regclass)`,
    )
    const { rows } = await reader.query(`select current_setting('lockstep.horizon') as horizon`)
    await reader.query('rollback')
    await writer.query('rollback')
    expect(rows).toEqual([{ horizon: `${own.xid} 0` }])
  })
})
