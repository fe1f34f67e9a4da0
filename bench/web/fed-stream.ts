import type { BenchWorker } from '../rig.ts'

/**
 * Gives a page its stream from the test: the reader, the parser and the page are its own, and a hundred thousand events do
 * not wait for Postgres. `feed(count)` changes the orders 1 to `orders` one after the other, each to its next version.
 */
export function fedStream(event: { type: string; data: string }, orders: number): string {
  return `{
    const before = globalThis.fetch
    const encoder = new TextEncoder()
    const { type, data } = ${JSON.stringify(event)}
    const event = JSON.parse(data)
    let to = null
    let n = 0
    globalThis.fetch = (path, init = {}) => {
      if (init.headers?.accept !== 'text/event-stream') return before(path, init)
      const body = new ReadableStream({ start(controller) { to = controller } })
      return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
    }
    globalThis.feed = (count) => {
      let text = ''
      for (let at = 0; at < count; at += 1, n += 1) {
        const orderId = 1 + (n % ${orders})
        const order = { ...event.order, id: orderId, version: 2 + Math.floor(n / ${orders}), status: 'new' }
        text += 'id: ' + n + '\\nevent: ' + type + '\\ndata: ' + JSON.stringify({ ...event, orderId, order }) + '\\n\\n'
      }
      to.enqueue(encoder.encode(text))
    }
    globalThis.isFed = () => to !== null
  }`
}

/** A real event of the stream of orders, from which the others are made. */
export async function eventOf(
  worker: BenchWorker,
  cause: () => Promise<unknown>,
): Promise<{ type: string; data: string }> {
  const authorization = `Bearer ${await worker.token('admin', 1)}`
  const response = await fetch(`${worker.url}/v1/dispatch/events`, {
    headers: { authorization, accept: 'text/event-stream' },
  })
  if (response.body === null) throw new Error('The stream of orders has no body')
  await cause()
  let text = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const [, type = '', data = ''] = /event: (\S+)\ndata: (.*"orderId".*)\n/.exec(text) ?? []
    if (data !== '') return { type, data }
  }
  throw new Error('The stream of orders ended without an event')
}
