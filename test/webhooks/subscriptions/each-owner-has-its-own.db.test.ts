import { beforeEach, describe, expect, it } from 'vitest'
import { outboxOutgoing } from '../../../functions/core/outbox.ts'
import { fanOut } from '../../../functions/webhooks/deliveries/fan-out.ts'
import { replayDeliveries } from '../../../functions/webhooks/deliveries/replay.ts'
import { createWebhook } from '../../../functions/webhooks/subscriptions/create.ts'
import { editWebhook } from '../../../functions/webhooks/subscriptions/edit.ts'
import { readWebhook } from '../../../functions/webhooks/subscriptions/read.ts'
import { removeWebhook } from '../../../functions/webhooks/subscriptions/remove.ts'
import { rotateSecret } from '../../../functions/webhooks/subscriptions/rotate.ts'
import { freshEnvironment, tally, times } from '../../core/environment.ts'
import { untilBlocking } from '../../support/blocking.ts'

const { database, ctx } = await freshEnvironment({ maxSessions: 40 })
const admin = database.admin
const bindings = {
  WEBHOOK_ALLOW: 'https://receiver.example',
  WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
}
const store = (id: number) => ctx({ principal: { role: 'store', sub: String(id), id }, bindings })
const [ours, theirs] = [store(1), store(2)]

beforeEach(async () => {
  await admin.query(
    'truncate webhooks.webhook_attempts, webhooks.webhook_deliveries, webhooks.webhooks, core.outbox, core.feed_positions restart identity cascade',
  )
})

const create = (by: typeof ours) =>
  createWebhook(by, { url: 'https://receiver.example/hook', events: ['*'], description: null })

async function webhook(by: typeof ours): Promise<number> {
  const created = await create(by)
  if (!created.ok) throw new Error(created.reason)
  return created.webhook.id
}

const event = (type: string, audience: string) =>
  admin.query(
    `insert into core.outbox (topic, audience, subject, type, data) values ('test', $1, 's', $2, '{}')`,
    [audience, type],
  )

describe('a webhook', () => {
  it('is not found by another owner', async () => {
    const id = await webhook(ours)
    const before = (await admin.query('select * from webhooks.webhooks')).rows
    expect(await readWebhook(theirs, { id })).toBeNull()
    expect(await removeWebhook(theirs, { id })).toBe(false)
    expect(await editWebhook(theirs, { id, version: 1, change: { description: 'x' } })).toMatchObject({
      reason: 'not_found',
    })
    expect(await rotateSecret(theirs, { id, overlapHours: 1 })).toMatchObject({ reason: 'not_found' })
    expect((await admin.query('select * from webhooks.webhooks')).rows).toEqual(before)
    expect(await readWebhook(ours, { id })).toMatchObject({ id })
  })

  it('gets the events of its owner, and none between modules', async () => {
    await webhook(ours)
    await event('a.theirs', 'store:2')
    await event('a.ours', 'store:1')
    const everything = await createWebhook(
      ctx({ principal: { role: 'admin', sub: 'root', tenantId: null }, bindings }),
      { url: 'https://receiver.example/all', events: ['*'], description: null },
    )
    await event('a.between', 'module:any')
    await fanOut(ours, outboxOutgoing)
    const { rows } = await admin.query('select type from webhooks.webhook_deliveries order by id')
    expect(rows).toEqual([{ type: 'a.ours' }])
    expect(everything.ok).toBe(true)
  })

  it('is one of exactly twenty of its owner when thirty requests create them at once', async () => {
    const answers = await times(30, () => create(ours))
    const reasons = tally(answers.map((answer) => (answer.ok ? 'created' : answer.reason)))
    expect(reasons).toEqual({ created: 20, too_many_webhooks: 10 })
    const { rowCount } = await admin.query('select from webhooks.webhooks')
    expect(rowCount).toBe(20)
  })

  it('takes the next slot when another request takes its own at the same moment', async () => {
    const keeper = await database.connect()
    await keeper.query('begin')
    await keeper.query(
      `insert into webhooks.webhooks (owner, slot, url, events, secret)
      values ('store:1', 1, 'https://receiver.example', '{*}', 'encrypted')`,
    )
    const created = create(ours)
    await untilBlocking(keeper, admin)
    await keeper.query('commit')
    expect(await created).toMatchObject({ ok: true })
    const { rows } = await admin.query('select slot from webhooks.webhooks order by slot')
    expect(rows).toEqual([{ slot: 1 }, { slot: 2 }])
  })
})

describe('a replay', () => {
  it('queues the ended deliveries of its range and its owner again', async () => {
    const id = await webhook(ours)
    await admin.query(
      `insert into webhooks.webhook_deliveries
        (webhook_id, event_id, subject, type, body, state, give_up_at, finished_at)
      select $1, 'evt_' || n, 's', 'x.y', '{}', 'delivered', now(), now() from generate_series(1, 4) n`,
      [id],
    )
    const range = { id, from: 'evt_2', to: 'evt_3', only: 'all' as const }
    expect(await replayDeliveries(theirs, range)).toMatchObject({ ok: false, reason: 'not_found' })
    expect(await replayDeliveries(ours, range)).toMatchObject({ ok: true, requeued: 2 })
    const { rows } = await admin.query('select state from webhooks.webhook_deliveries order by id')
    expect(rows.map(({ state }) => state)).toEqual(['delivered', 'waiting', 'waiting', 'delivered'])
  })
})
