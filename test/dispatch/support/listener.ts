import type { TestWorker } from '../../support/worker.ts'

export type Received = { id: string; type: string; data: Record<string, unknown> }

export type Subscription = {
  /** Everything received so far. */
  received: Received[]
  /** The last cursor received, with or without an event. */
  cursor(): string | null
  /** Resolves once this many events were received, or the condition holds. */
  until(condition: number | ((received: Received[]) => boolean)): Promise<Received[]>
  /** Resolves with the first cursor. */
  ready: Promise<void>
  /** Resolves when the server has closed the stream. */
  ended: Promise<void>
  close(): void
}

/** Subscribes as a browser's EventSource does, and keeps all events. */
export async function subscribe(
  app: Pick<TestWorker, 'fetch'>,
  token: string,
  after?: string,
): Promise<Subscription> {
  const aborter = new AbortController()
  const response = await app.fetch('/v1/dispatch/events', {
    headers: { authorization: `Bearer ${token}`, ...(after !== undefined && { 'last-event-id': after }) },
    signal: aborter.signal,
  })
  if (response.status !== 200 || response.body === null) throw new Error(await response.text())
  const received: Received[] = []
  let cursor: string | null = null
  const waiting = new Set<() => void>()
  const { promise: ready, resolve: isReady } = Promise.withResolvers<void>()

  async function read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) take(block)
      for (const check of waiting) check()
    }
  }

  function take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    )
    cursor = fields.get('id') ?? cursor
    if (cursor !== null) isReady()
    const data = fields.get('data')
    if (data !== undefined && fields.get('event') !== 'cursor')
      received.push({ id: cursor ?? '', type: fields.get('event') ?? 'message', data: JSON.parse(data) })
  }

  const ended = read(response.body).catch(() => undefined)
  return {
    received,
    ready,
    ended,
    cursor: () => cursor,
    until(condition) {
      const holds =
        typeof condition === 'number' ? () => received.length >= condition : () => condition(received)
      return new Promise((resolve) => {
        const check = () => {
          if (!holds()) return
          waiting.delete(check)
          resolve(received)
        }
        waiting.add(check)
        check()
      })
    },
    close: () => aborter.abort(),
  }
}
