import { expect } from 'vitest'
import type { Ctx } from '../../../functions/core/context.ts'
import { orThrow } from '../../../functions/core/errors.ts'
import { outboxOutgoing } from '../../../functions/core/outbox.ts'
import { deliverDue } from '../../../functions/webhooks/deliveries/deliver-due.ts'
import { fanOut } from '../../../functions/webhooks/deliveries/fan-out.ts'
import { createWebhook } from '../../../functions/webhooks/subscriptions/create.ts'
import { soon } from '../../support/soon.ts'
import type { TestWorker } from '../../support/worker.ts'
import { type Receiver, verify } from '../../webhooks/support/receiver.ts'
import { caller, runWebhooks } from '../../webhooks/support/subscriber.ts'

const webhook = (receiver: Receiver) => ({ url: `${receiver.origin}/alerts`, events: ['alert.*'] })

/** The settings with which a Worker sends to this receiver. */
export const webhookBindings = (receiver: Receiver) => ({
  WEBHOOK_ALLOW: receiver.origin,
  WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
})

type Labels = Readonly<Record<string, unknown>>

/** The messages that a webhook received about a rule until its end: `alert.fired`, `alert.resolved`. Each is verified. */
export type ReceivedOf = (rule: string, labels?: Labels) => Promise<string[]>

/** Reads the table of alerts, which holds those of the present test. */
type Owner = { query(text: string, values: unknown[]): Promise<{ rows: { id: string }[] }> }

/** Subscribes to the alerts of a Worker. Its delivery job sends them. */
export async function receiveAlerts(app: TestWorker, receiver: Receiver): Promise<ReceivedOf> {
  const admin = caller(app, await app.token('admin', 'root'))
  const { status, body } = await admin.post('/v1/webhooks', { body: webhook(receiver) })
  expect(status).toBe(201)
  const secret = String(body['secret'])
  return receivedBy(receiver, { secret, owner: app.database.admin, deliver: () => runWebhooks(app) })
}

/** The same where the test calls verbs. */
export async function receiveAlertsOf(ctx: Ctx, owner: Owner, receiver: Receiver): Promise<ReceivedOf> {
  const asAdmin: Ctx = { ...ctx, principal: { role: 'admin', sub: 'root', tenantId: null } }
  const created = orThrow(await createWebhook(asAdmin, { ...webhook(receiver), description: null }))
  const deliver = async () => {
    await fanOut(ctx, outboxOutgoing)
    while ((await deliverDue(ctx)).claimed > 0);
  }
  return receivedBy(receiver, { secret: created.webhook.secret, owner, deliver })
}

type Sender = { secret: string; owner: Owner; deliver: () => Promise<void> }

function receivedBy(receiver: Receiver, { secret, owner, deliver }: Sender): ReceivedOf {
  const typesOf = async (rule: string, labels: Labels) => {
    const { rows } = await owner.query('select id from core.alerts where rule = $1 and labels @> $2', [
      rule,
      JSON.stringify(labels),
    ])
    const ids = new Set(rows.map(({ id }) => Number(id)))
    // An attempt that was slow to be answered is made again.
    const messages = new Map(
      receiver
        .at('/alerts')
        .toReversed()
        .map((one) => [one.id, one]),
    )
    return [...messages.values()]
      .toReversed()
      .map((one) => {
        verify(secret, one)
        const { type, data }: { type: string; data: { id: number } } = JSON.parse(one.body)
        return { type, id: data.id }
      })
      .filter(({ type, id }) => ids.has(id) && /^alert\.(fired|resolved)$/.test(type))
      .map(({ type }) => type)
  }
  return async (rule, labels = {}) => {
    // A transaction elsewhere in this Postgres may hold events back.
    const ended = async () => {
      await deliver()
      return (await typesOf(rule, labels)).at(-1)
    }
    await expect.poll(ended, { ...soon, interval: 200 }).toBe('alert.resolved')
    return typesOf(rule, labels)
  }
}
