import { sql } from 'drizzle-orm'
import { expect, it, onTestFinished } from 'vitest'
import type { Feed } from '../../functions/core/stream.ts'
import { channel } from '../../functions/http/stream.ts'
import { freshEnvironment } from '../core/environment.ts'

const { database, ctx } = await freshEnvironment()
const feed: Feed = {
  name: 'outbox',
  table: sql`core.outbox`,
  tables: ['core.outbox'],
  sequence: 'core.outbox_seq_seq',
  seq: 'seq',
  event: sql`e.data`,
}
const subscribe = channel<{ n: number }>({ feed, show: (event) => ({ type: 'told', data: event }) })(
  ctx(),
  '',
)
const principal = { role: 'admin', sub: 'root', tenantId: null } as const

/** Two thousand events of a kilobyte each. */
const events = 2_000
await database.admin.query(
  `insert into core.outbox (topic, subject, type, data)
  select 'test', 'one', 'test.told', jsonb_build_object('n', n, 'padding', repeat('x', 1000))
  from generate_series(1, $1::int) n`,
  [events],
)

function open() {
  const reader = subscribe({ principal, after: '0-0', until: Date.now() + 600_000 }, () => {}).getReader()
  onTestFinished(() => reader.cancel())
  return reader
}

it('buffers 64 KB for a client that reads nothing, while the others receive every event', async () => {
  const [stuck, quick] = [open(), open()]
  let received = 0
  while (received < events) received += eventsIn(await quick.read())
  const held = await drain(stuck)
  expect(held).toBeGreaterThan(60 * 1024)
  expect(held).toBeLessThan(66 * 1024)
})

/** The stream writes one event at a time, and each arrives whole. */
function eventsIn({ done, value }: ReadableStreamReadResult<Uint8Array>): number {
  if (done) throw new Error('The stream has ended')
  return new TextDecoder().decode(value).split('event: told').length - 1
}

/** The bytes that are buffered already; later bytes would need a round trip. */
async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<number> {
  let bytes = 0
  const later = new Promise<null>((resolve) => setImmediate(resolve, null))
  for (;;) {
    const chunk = await Promise.race([reader.read(), later])
    if (chunk === null || chunk.value === undefined) return bytes
    bytes += chunk.value.length
  }
}
