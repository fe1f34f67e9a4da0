import type { Client } from 'openapi-fetch'
import type { paths } from './generated/schema.ts'

/** The tour of a webhook whose receiver answers. */
export async function webhooksTour(owner: Client<paths>, url: string): Promise<Record<string, unknown>> {
  const hook = await owner.POST('/v1/webhooks', { body: { url, events: ['order.*'], description: null } })
  const path = { id: hook.data?.id ?? 0 }
  const tested = await owner.POST('/v1/webhooks/{id}/test', { params: { path } })
  const listed = await owner.GET('/v1/webhooks/{id}/deliveries', {
    params: { path, query: { state: 'delivered' } },
  })
  const deliveryId = listed.data?.data[0]?.id ?? 0
  const read = await owner.GET('/v1/webhooks/{id}/deliveries/{deliveryId}', {
    params: { path: { ...path, deliveryId } },
  })
  const replayed = await owner.POST('/v1/webhooks/{id}/replay', {
    params: { path },
    body: { from: tested.data?.eventId ?? '', only: 'all' },
  })
  const rotated = await owner.POST('/v1/webhooks/{id}/rotate', {
    params: { path },
    body: { overlapHours: 1 },
  })
  const stale = await owner.PATCH('/v1/webhooks/{id}', {
    params: { path, header: { 'If-Match': '"1"' } },
    body: { enabled: false },
  })
  const removed = await owner.DELETE('/v1/webhooks/{id}', { params: { path } })
  return {
    tested: tested.data?.state,
    attempts: listed.data?.data.map(({ attempts }) => attempts.map(({ outcome }) => outcome)),
    sent: read.data?.body.includes('webhook.test'),
    requeued: replayed.data?.requeued,
    rotated: rotated.data?.secret.slice(0, 6),
    stale: stale.error?.code,
    removed: removed.response.status,
  }
}
