import { describe, expect, it } from 'vitest'
import { sendTest } from '../../../functions/webhooks/deliveries/send-test.ts'
import { createWebhook } from '../../../functions/webhooks/subscriptions/create.ts'
import { untilWaiting } from '../../core/barrier.ts'
import { freshEnvironment, key } from '../../core/environment.ts'
import { defectiveDb } from '../../support/defective-db.ts'
import { startReceiver } from '../support/receiver.ts'

const receiver = await startReceiver()
const { database, ctx } = await freshEnvironment({ maxSessions: 30 })
const asAdmin = () =>
  ctx({
    principal: { role: 'admin', sub: 'root', tenantId: null },
    bindings: { WEBHOOK_ALLOW: receiver.origin, WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks' },
  })

async function webhook(path: string): Promise<number> {
  const created = await createWebhook(asAdmin(), {
    url: receiver.origin + path,
    events: ['*'],
    description: null,
  })
  if (!created.ok) throw new Error(created.reason)
  return created.webhook.id
}

const eventOf = (sent: Awaited<ReturnType<typeof sendTest>>) => sent.ok && sent.delivery.eventId

const twenty = (id: number, context = asAdmin()) =>
  Promise.all(Array.from({ length: 20 }, () => sendTest(context, { id })))

describe('the test events of a webhook', () => {
  it('are six of twenty that come at once, and the others hear when to come again', async () => {
    const id = await webhook('/burst')
    const sent = await twenty(id)
    expect(sent.filter(({ ok }) => ok)).toHaveLength(6)
    expect(receiver.at('/burst')).toHaveLength(6)
    for (const refused of sent.filter(({ ok }) => !ok))
      expect(refused).toMatchObject({
        reason: 'rate_limited',
        retryAfter: expect.toSatisfy((seconds) => seconds >= 1 && seconds <= 10),
      })
  })

  it('have a limit for each webhook, which is free again after a minute', async () => {
    const [one, other] = [await webhook('/one'), await webhook('/other')]
    /** As if six test events had been sent at once, so many seconds ago. */
    const sixSent = (secondsAgo: number) =>
      database.admin.query(
        `update webhooks.webhooks set tests_free_at = now() + make_interval(secs => 60 - $2) where id = $1`,
        [one, secondsAgo],
      )
    await sixSent(0)
    expect(await sendTest(asAdmin(), { id: one })).toMatchObject({ ok: false, reason: 'rate_limited' })
    expect(await sendTest(asAdmin(), { id: other })).toMatchObject({ ok: true })
    await sixSent(10)
    expect((await twenty(one)).filter(({ ok }) => ok)).toHaveLength(1)
    await sixSent(86_400)
    expect((await twenty(one)).filter(({ ok }) => ok)).toHaveLength(6)
  })

  it('may be asked for again with the same key once there is room', async () => {
    const id = await webhook('/later')
    const freeIn = (time: string) =>
      database.admin.query(
        'update webhooks.webhooks set tests_free_at = now() + $2::interval where id = $1',
        [id, time],
      )
    await freeIn('1 day')
    const later = () => Object.assign(asAdmin(), { idempotency: key('a test that comes too early') })
    const refused = await sendTest(later(), { id })
    expect(refused).toMatchObject({ ok: false, reason: 'rate_limited' })
    expect(refused).not.toHaveProperty('again')
    await freeIn('-1 day')
    const sent = await sendTest(later(), { id })
    expect(sent).toMatchObject({ ok: true })
    expect(await sendTest(later(), { id })).toMatchObject({ ok: true, delivery: { eventId: eventOf(sent) } })
  })

  it('would be more if the limit were read before the row is locked', async () => {
    const id = await webhook('/defect')
    const db = defectiveDb(database, {
      max: 20,
      defect: (text) =>
        text.replace(
          'coalesce(w.tests_free_at, now()) <=',
          '(select coalesce(tests_free_at, now()) from wanted) <=',
        ),
    })
    // All twenty have read the limit, and wait for the row.
    const keeper = await database.connect()
    await keeper.query('begin')
    await keeper.query('select from webhooks.webhooks where id = $1 for update', [id])
    const sending = twenty(id, Object.assign(asAdmin(), { db }))
    await untilWaiting(database, 20)
    await keeper.query('rollback')
    const sent = await sending
    expect(sent.filter(({ ok }) => ok).length).toBeGreaterThan(6)
  })
})
