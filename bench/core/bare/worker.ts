/** A Worker that does nothing: the time of its start is that of workerd. */
export default {
  fetch: () => new Response(null, { status: 404 }),
  queue: (batch: MessageBatch) => batch.ackAll(),
}

export { Metrics, Regulator, Spill, Streams } from '../../bare-objects.ts'
