import { expect, it } from 'vitest'
import { readOutbox } from '../../../functions/ops/outbox/read.ts'
import { freshEnvironment } from '../../core/environment.ts'

const { database, ctx } = await freshEnvironment()
const { admin } = database

const write = (events: number, age = '0 seconds') =>
  admin.query(
    `insert into core.outbox (topic, subject, type, data, created_at)
    select 'test', 's', 'test.done', '{}', now() - $2::interval from generate_series(1, $1::int)`,
    [events, age],
  )

it('an outbox without events and readers has neither', async () => {
  expect(await readOutbox(ctx())).toMatchObject({ newestAt: null, perMinute: 0, readers: [] })
})

it('a reader shows how many events it has yet to read, and how old the oldest is', async () => {
  await write(5, '1 hour')
  const { rows } = await admin.query(
    'select xid::text, seq from core.outbox order by xid desc, seq desc limit 1',
  )
  await admin.query(`insert into core.feed_positions (name, xid, seq) values
    ('fan-out:outbox', '${rows[0].xid}', ${rows[0].seq}), ('removed:outbox', '1', 1), ('fan-out:other', '1', 1)`)
  expect((await readOutbox(ctx())).readers).toMatchObject([
    { reader: 'fan-out', depth: 0, more: false, oldestSeconds: null },
  ])
  await write(3, '90 seconds')
  await write(17)
  const outbox = await readOutbox(ctx())
  expect(outbox.perMinute).toBe(2)
  expect(outbox.readers).toMatchObject([{ depth: 20, more: false }])
  expect(outbox.readers[0]?.oldestSeconds).toBeGreaterThanOrEqual(90)
})

it('a depth beyond a thousand says that there are more', async () => {
  await write(1_200)
  expect((await readOutbox(ctx())).readers).toMatchObject([{ depth: 1_000, more: true }])
})
