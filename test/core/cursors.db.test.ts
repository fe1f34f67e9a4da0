import { beforeEach, describe, expect, it } from 'vitest'
import {
  cursorOfReader,
  lockCursor,
  moveCursor,
  removedUpTo,
  slowestCursor,
} from '../../functions/core/cursors.ts'
import { effect } from '../../functions/core/idempotency.ts'
import { removeOldOutbox } from '../../functions/core/outbox.ts'
import { sent } from '../support/sent.ts'
import { freshEnvironment } from './environment.ts'

const { database, ctx } = await freshEnvironment()
const { db } = ctx()

beforeEach(async () => void (await database.admin.query('truncate core.feed_positions, core.outbox')))

const move = (name: string, xid: number, seq: number) =>
  db.query(sent`
with reached as (select ${String(xid)}::xid8 as xid, ${seq}::bigint as seq),
moved as (${moveCursor(name, { from: 'reached' })}
)
select`)

async function at(name: string): Promise<[number, number] | null> {
  const [row] = await db.query<{ xid: string; seq: string }>(sent`${lockCursor(name)}`)
  return row === undefined ? null : [Number(row.xid), Number(row.seq)]
}

async function slowest(feed: string): Promise<[number, number] | null> {
  const [row] = await db.query<{ xid: string; seq: string }>(
    sent`select s.xid, s.seq from core.feed_positions s where (s.xid, s.seq) = ${slowestCursor(feed)} limit 1`,
  )
  return row === undefined ? null : [Number(row.xid), Number(row.seq)]
}

describe('a cursor', () => {
  it('moves forward only, by transaction before sequence', async () => {
    expect(await at('billing:outbox')).toBeNull()
    const seen = []
    for (const [xid, seq] of [
      [7, 3],
      [7, 2],
      [6, 9],
      [8, 1],
      [8, 2],
    ] as const) {
      await move('billing:outbox', xid, seq)
      seen.push(await at('billing:outbox'))
    }
    expect(seen).toEqual([
      [7, 3],
      [7, 3],
      [7, 3],
      [8, 1],
      [8, 2],
    ])
  })
})

describe('the slowest reader of a feed', () => {
  it('is the one that is furthest behind, among the readers of this feed only', async () => {
    expect(await slowest('outbox')).toBeNull()
    await move(cursorOfReader('webhooks', 'outbox'), 20, 5)
    await move(cursorOfReader('billing', 'outbox'), 20, 4)
    await move(cursorOfReader('audit', 'outbox'), 21, 1)
    await move(cursorOfReader('webhooks', 'dispatch'), 1, 1)
    expect(await slowest('outbox')).toEqual([20, 4])
    await move(cursorOfReader('billing', 'outbox'), 22, 1)
    expect(await slowest('outbox')).toEqual([20, 5])
  })

  it('is never the cursor of retention', async () => {
    await move(removedUpTo('outbox'), 3, 3)
    expect(await slowest('outbox')).toBeNull()
    await move(cursorOfReader('webhooks', 'outbox'), 20, 5)
    expect(await slowest('outbox')).toEqual([20, 5])
  })
})

describe('retention of the outbox', () => {
  const remove = () =>
    effect<{ rows: number }>(
      ctx(),
      sent`
with ${removeOldOutbox({ days: 35, limit: 100 })}
select core.settled(jsonb_build_object('rows', (select count(*) from removed))) as outcome, null as position`,
    )

  it('removes an old event when the last of two readers has read it', async () => {
    const { rows } = await database.admin.query<{ xid: number; seq: number }>(
      `insert into core.outbox (topic, subject, type, data, created_at)
      select 'test', 'a', 'a.old', '{}', now() - interval '36 days' from generate_series(1, 3)
      returning xid::text::int as xid, seq::int as seq`,
    )
    const [first, , last] = rows
    if (!first || !last) throw new Error('Three events were inserted')
    expect(await remove()).toEqual({ rows: 0 })
    await move(cursorOfReader('webhooks', 'outbox'), last.xid, last.seq)
    await move(cursorOfReader('billing', 'outbox'), first.xid, first.seq)
    expect(await remove()).toEqual({ rows: 1 })
    expect(await at(removedUpTo('outbox'))).toEqual([first.xid, first.seq])
    await move(cursorOfReader('billing', 'outbox'), last.xid, last.seq)
    expect(await remove()).toEqual({ rows: 2 })
    expect(await at(removedUpTo('outbox'))).toEqual([last.xid, last.seq])
  })
})
