import { expect, it } from 'vitest'
import { effect } from '../../../functions/core/idempotency.ts'
import { outboxOutgoing } from '../../../functions/core/outbox.ts'
import { fanOut } from '../../../functions/webhooks/deliveries/fan-out.ts'
import { removeOldDeliveries } from '../../../functions/webhooks/deliveries/remove-old.ts'
import { freshEnvironment } from '../../core/environment.ts'

const { database, ctx } = await freshEnvironment()
const pool = database.admin

async function webhook({ removed }: { removed: boolean }): Promise<number> {
  const { rows } = await pool.query(
    `insert into webhooks.webhooks (owner, slot, url, events, secret, removed_at)
    values ('admin', 1, 'https://example.com', '{*}', 'encrypted', case when $1 then now() - interval '31 days' end)
    returning id`,
    [removed],
  )
  return Number(rows[0].id)
}

async function delivery(webhookId: number, days: number, state: 'waiting' | 'delivered'): Promise<void> {
  await pool.query(
    `insert into webhooks.webhook_deliveries (webhook_id, event_id, subject, type, body, state, give_up_at, created_at, finished_at)
    values ($1, gen_random_uuid()::text, 'x', 'x.y', '{}', $3::text, now(), now() - make_interval(days => $2),
      case when $3::text <> 'waiting' then now() - make_interval(days => $2) end)`,
    [webhookId, days, state],
  )
}

it('retention removes ended deliveries after thirty days, keeps pending ones, and removes a deleted webhook with its last one', async () => {
  const [kept, gone] = [await webhook({ removed: false }), await webhook({ removed: true })]
  await delivery(kept, 31, 'delivered')
  await delivery(kept, 29, 'delivered')
  await delivery(kept, 40, 'waiting')
  await delivery(gone, 31, 'delivered')
  await pool.query(
    `insert into core.outbox (topic, subject, type, data, created_at)
    values ('test', 'a', 'a.old', '{}', now() - interval '36 days'), ('test', 'a', 'a.new', '{}', now())`,
  )
  const run = () => effect<Record<string, number>>(ctx(), removeOldDeliveries())
  // The fan-out has not read the outbox yet.
  expect(await run()).toMatchObject({ deliveries: 2, webhooks: 0, told: 0 })
  await fanOut(ctx(), outboxOutgoing)
  expect(await run()).toMatchObject({ deliveries: 0, webhooks: 1, told: 1 })
  const { rows } = await pool.query(
    `select (select count(*)::int from webhooks.webhook_deliveries where created_at < now() - interval '1 day') as deliveries,
      (select array_agg(type) from core.outbox) as told,
      (select count(*)::int from core.feed_positions where name = 'removed:outbox') as marked`,
  )
  expect(rows).toEqual([{ deliveries: 2, told: ['a.new'], marked: 1 }])
})
