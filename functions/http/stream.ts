/**
 * Server-sent events, as a client sees them: `id:` is the cursor, `event:` the type, `data:` one JSON object. A cursor
 * comes along with each heartbeat too, so that a listener to whom little is shown does not have to go far back.
 */
import type { Ctx, Principal } from '../core/context.ts'
import type { Db } from '../core/db.ts'
import { AppError } from '../core/errors.ts'
import { type Listener, makeHub } from '../core/hub.ts'
import { cursorOf, type Feed, type Position, positionOf, type Read } from '../core/stream.ts'

export type Asked = { principal: Principal; after: string | null }

/** How an event of a feed is shown to one who listens; null when it is not for them. */
export type Show<Event> = (event: Event, principal: Principal) => { type: string; data: object } | null

/** The answer that stays open. One object reads the feed of that name for all who listen. */
export async function openStream(ctx: Ctx, name: string, after: string | null): Promise<Response> {
  const { principal, env } = ctx
  if (principal === null) throw new AppError('unauthenticated')
  if (env.STREAMS === undefined)
    throw new AppError('unavailable', 'There are no streams here', { retryAfter: 60 })
  const body = await env.STREAMS.get(env.STREAMS.idFromName(name)).listen(name, { principal, after })
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
  })
}

export type Listen = (asked: Asked) => ReadableStream<Uint8Array>

/** A feed that can be listened to, opened where it is read. `scope` is what follows the feed's name: a tenant. */
export type Channel = (ctx: Ctx, scope: string) => Listen

type Offered<Event> = {
  feed: Feed
  show: Show<Event>
  /** The database as this scope may see it. */
  db?: (ctx: Ctx, scope: string) => Db
}

export function channel<Event>({ feed, show, db = (ctx) => ctx.db }: Offered<Event>): Channel {
  return (ctx, scope) => {
    const source = db(ctx, scope)
    const hub = makeHub<Event>({
      feed,
      log: ctx.log,
      read: (statements) => source.batch(statements, { readOnly: true }),
    })
    return ({ principal, after }) => {
      let leave = () => {}
      const { listener, body } = makeListener<Event>(
        (event) => show(event, principal),
        () => leave(),
      )
      leave = hub.join(listener, placeOf(after))
      return body
    }
  }
}

/** Where a client wants to go on: `?after=` of its first request, `Last-Event-ID` of those after a break. */
function placeOf(after: string | null): Position | 'malformed' | null {
  return after === null ? null : (positionOf(after) ?? 'malformed')
}

/** What a client may leave unread before it has no room. A thousand that read nothing fit into the memory of an object. */
const roomBytes = 64 * 1024
/** A token may be taken away while a stream is open: it comes back with a fresh one, and its cursor. */
const lifetimeMs = 15 * 60_000

type Open<Event> = { listener: Listener<Event>; body: ReadableStream<Uint8Array> }

/** `left` is called once, when the client has gone or the stream has ended. */
function makeListener<Event>(show: (event: Event) => ReturnType<Show<Event>>, left: () => void): Open<Event> {
  const encoder = new TextEncoder()
  let controller: ReadableByteStreamController | null = null
  const body = new ReadableStream(
    {
      type: 'bytes',
      start(opened) {
        controller = opened
      },
      cancel: end,
    },
    { highWaterMark: roomBytes },
  )
  const lifetime = setTimeout(
    () => {
      controller?.close()
      end()
    },
    lifetimeMs * (0.9 + Math.random() / 10),
  )

  function write(text: string): void {
    controller?.enqueue(encoder.encode(text))
  }

  function end(): void {
    clearTimeout(lifetime)
    controller = null
    left()
  }

  write('retry: 2000\n\n')
  return {
    body,
    listener: {
      hasRoom: () => (controller?.desiredSize ?? 0) > 0,
      take({ event, ...at }: Read<Event>) {
        const shown = show(event)
        if (shown) write(`id: ${cursorOf(at)}\nevent: ${shown.type}\ndata: ${asJson(shown.data)}\n\n`)
      },
      stand: (at) => write(`: here\nid: ${cursorOf(at)}\n\n`),
      reset: (reason, at) =>
        write(`id: ${cursorOf(at)}\nevent: reset\ndata: ${JSON.stringify({ reason })}\n\n`),
      close(reason) {
        // Not closed but broken off, which lets go of what nobody takes.
        controller?.error(new Error(reason))
        end()
      },
    },
  }
}

const texts = new WeakMap<object, string>()

/** Written once for all who are shown the same. */
function asJson(data: object): string {
  const text = texts.get(data) ?? JSON.stringify(data)
  texts.set(data, text)
  return text
}
