/** The least that a redirect with a message can be: no configuration, no choice, no agent. */
type Env = { QUEUE_BARE: Queue }

export default {
  async fetch(request: Request, env: Env, execution: ExecutionContext): Promise<Response> {
    const agent = request.headers.get('user-agent')
    const click = { id: crypto.randomUUID(), at: Date.now(), agent, country: request.cf?.country ?? null }
    if (new URL(request.url).pathname.startsWith('/message/')) execution.waitUntil(env.QUEUE_BARE.send(click))
    return new Response(null, { status: 302, headers: { location: `https://shop.example/?c=${click.id}` } })
  },
  async queue(batch: MessageBatch): Promise<void> {
    batch.ackAll()
  },
}

export { Metrics, Regulator, Spill, Streams } from '../../bare-objects.ts'
