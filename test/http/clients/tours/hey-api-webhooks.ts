import type { Client } from './generated/hey/client'
import * as api from './generated/hey/sdk.gen'

/** The tour of a webhook whose receiver answers. */
export async function webhooksTour(client: Client, url: string): Promise<Record<string, unknown>> {
  const hook = await api.postWebhooks({ client, body: { url, events: ['order.*'], description: null } })
  const path = { id: hook.data?.id ?? 0 }
  const tested = await api.postWebhooksIdTest({ client, path })
  const listed = await api.getWebhooksIdDeliveries({ client, path, query: { state: 'delivered' } })
  const deliveryId = listed.data?.data[0]?.id ?? 0
  const read = await api.getWebhooksIdDeliveriesDeliveryId({ client, path: { ...path, deliveryId } })
  const replayed = await api.postWebhooksIdReplay({
    client,
    path,
    body: { from: tested.data?.eventId ?? '', only: 'all' },
  })
  const rotated = await api.postWebhooksIdRotate({ client, path, body: { overlapHours: 1 } })
  const stale = await api.patchWebhooksId({
    client,
    path,
    headers: { 'If-Match': '"1"' },
    body: { enabled: false },
  })
  const removed = await api.deleteWebhooksId({ client, path })
  return {
    tested: tested.data?.state,
    attempts: listed.data?.data.map(({ attempts }) => attempts.map(({ outcome }) => outcome)),
    sent: read.data?.body.includes('webhook.test'),
    requeued: replayed.data?.requeued,
    rotated: rotated.data?.secret.slice(0, 6),
    stale: stale.error?.code,
    removed: removed.response?.status,
  }
}
