import { copyFileSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { migrationsFolder, readMigrations } from '../../../dev/migrations/files.ts'
import { migrate } from '../../../dev/migrations/migrate.ts'
import { startNeonProxy } from '../../../dev/neon-proxy/server.ts'
import { makeContext } from '../../../functions/core/context.ts'
import { encryptSecret } from '../../../functions/core/encrypt.ts'
import { deliverDue } from '../../../functions/webhooks/deliveries/deliver-due.ts'
import { readDelivery } from '../../../functions/webhooks/deliveries/read.ts'
import { createWebhook } from '../../../functions/webhooks/subscriptions/create.ts'
import { encryptionFor } from '../../../functions/webhooks/subscriptions/encryption.ts'
import { readWebhook } from '../../../functions/webhooks/subscriptions/read.ts'
import { emptyDatabase } from '../../schema/empty-database.ts'
import { asWorker } from '../../support/as-worker.ts'
import { atTheEnd } from '../../support/at-the-end.ts'
import { startReceiver, verify } from '../support/receiver.ts'

const moving = 'webhooks_get_their_own_schema'
const { url, client, column } = await emptyDatabase()
const receiver = await startReceiver()
const proxy = await startNeonProxy({ databaseUrl: url })
atTheEnd(() => proxy.close())

const limit = async () => ({ success: true })
const ctx = Object.assign(
  makeContext(
    {
      DATABASE_URL: asWorker(url),
      NEON_PROXY: proxy.address,
      AUTH_SECRET: 'a secret of the tests that has the length',
      WEBHOOK_ALLOW: receiver.origin,
      WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
      RATE_READ: { limit },
      RATE_WRITE: { limit },
    },
    { waitUntil: () => undefined },
  ),
  { principal: { role: 'admin', sub: 'root', tenantId: null } as const },
)

/** A folder with the migrations before the one that moves the tables. */
function earlierMigrations(): string {
  const folder = mkdtempSync(join(inject('runFolder'), 'migrations-'))
  const all = readMigrations()
  for (const { file } of all.slice(
    0,
    all.findIndex(({ name }) => name === moving),
  ))
    copyFileSync(join(migrationsFolder, file), join(folder, file))
  return folder
}

/** A webhook with a failed delivery that waits for its next attempt. */
async function givenPendingDelivery(secret: string): Promise<{ id: number; deliveryId: number }> {
  const encrypted = await encryptSecret(secret, encryptionFor(ctx.env, 'admin'))
  const { rows } = await client.query(
    `with webhook as (
      insert into core.webhooks (owner, slot, url, events, secret, failures, failing_since)
      values ('admin', 1, $1, '{order.*}', $2, 1, now())
      returning id
    ),
    delivery as (
      insert into core.webhook_deliveries (webhook_id, event_id, subject, type, body, attempts, tries, give_up_at)
      select id, 'evt_dispatch_7', 'order:3', 'order.created', '{"type":"order.created"}', 1, 1, now() + interval '2 days'
      from webhook
      returning id, webhook_id
    ),
    attempt as (
      insert into core.webhook_attempts (delivery_id, number, started_at, outcome, status, took_ms)
      select id, 1, now(), 'refused', 500, 12 from delivery
    )
    select webhook_id::int as id, id::int as "deliveryId" from delivery`,
    [`${receiver.origin}/kept`, encrypted],
  )
  return rows[0]
}

it('a webhook and its pending delivery survive the move into a schema of their own, and the delivery is made', async () => {
  await migrate(url, { folder: earlierMigrations() })
  const secret = 'whsec_dGhlIHNlY3JldCBvZiBhIHdlYmhvb2s='
  const { id, deliveryId } = await givenPendingDelivery(secret)
  const { applied } = await migrate(url)
  expect(applied[0]).toContain(moving)

  expect(await readWebhook(ctx, { id })).toMatchObject({
    id,
    events: ['order.*'],
    enabled: true,
    failures: 1,
  })
  const attempts = [{ number: 1, outcome: 'refused', status: 500, tookMs: 12 }]
  expect(await readDelivery(ctx, { id, deliveryId })).toMatchObject({ state: 'waiting', attempts })
  expect(await deliverDue(ctx)).toEqual({ claimed: 1, delivered: 1 })
  const [received] = receiver.at('/kept')
  if (received === undefined) throw new Error('The receiver got no request')
  expect(verify(secret, received)).toEqual({ type: 'order.created' })
  expect(await readDelivery(ctx, { id, deliveryId })).toMatchObject({
    state: 'delivered',
    attempts: [...attempts, { number: 2, outcome: 'delivered' }],
  })

  const created = await createWebhook(ctx, {
    url: `${receiver.origin}/new`,
    events: ['*'],
    description: null,
  })
  expect(created).toMatchObject({ ok: true, webhook: { id: id + 1 } })
  const left = `select c.relname from pg_class c
    where c.relnamespace = 'core'::regnamespace and c.relname like '%webhook%'`
  expect(await column(left)).toEqual([])
})
