import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { takeLease } from '../../../functions/core/lease.ts'
import { outboxOutgoing } from '../../../functions/core/outbox.ts'
import { runDeliveries } from '../../../functions/webhooks/deliveries/run.ts'
import { createWebhook } from '../../../functions/webhooks/subscriptions/create.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { startReceiver } from '../support/receiver.ts'

const receiver = await startReceiver()
const { database, ctx } = await freshEnvironment({ maxSessions: 10 })
const asAdmin = ctx({
  principal: { role: 'admin', sub: 'root', tenantId: null },
  bindings: { WEBHOOK_ALLOW: receiver.origin, WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks' },
})

it('delivers the events of the other feeds when one feed cannot be read, and reports the run as failed', async () => {
  await createWebhook(asAdmin, { url: `${receiver.origin}/in`, events: ['*'], description: null })
  await database.admin.query(
    `insert into core.outbox (topic, audience, subject, type, data) values ('ledger', null, 'bet:1', 'bet.settled', '{}')`,
  )
  const feed = { ...outboxOutgoing.feed, name: 'broken' }
  const broken = { ...outboxOutgoing, feed, type: sql`e.no_such_column` }
  const lease = await takeLease(asAdmin, 'test')
  if (lease === null) throw new Error('the lease is taken')
  expect(await runDeliveries(asAdmin, lease, [broken, outboxOutgoing])).toMatchObject({
    outcome: 'failed',
    error: 'a feed cannot be read: broken',
    delivered: 1,
  })
  expect(receiver.at('/in')).toHaveLength(1)
})
