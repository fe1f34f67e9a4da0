/** A Worker that does nothing: the time of its start is that of workerd. */
export default {
  fetch: () => new Response(null, { status: 404 }),
  queue: (batch: MessageBatch) => batch.ackAll(),
}

/** wrangler.toml binds them. */
export {
  DurableObject as Regulator,
  DurableObject as Spill,
  DurableObject as Streams,
} from 'cloudflare:workers'
