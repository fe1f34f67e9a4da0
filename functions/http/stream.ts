/**
 * Server-sent events: `id:` is the cursor, `event:` the type, `data:` one JSON object. The stream begins with an event
 * `cursor`, and each heartbeat is one. So a client that was shown no event yet misses nothing after a reconnect. The
 * event has data, because several clients drop a block without data together with its id.
 */
import type { Ctx, Principal } from '../core/context.ts'
import type { Db } from '../core/db.ts'
import { AppError } from '../core/errors.ts'
import { makeHub, type Subscriber } from '../core/hub.ts'
import { type Cursor, type Feed, formatCursor, parseCursor, type Read } from '../core/stream.ts'
import { callerOf } from './auth.ts'

/** `until`: when the caller's token expires, in milliseconds since 1970; null without an end. */
export type StreamQuery = { principal: Principal; after: string | null; until: number | null }

/** The event as this principal may see it; null when the principal may not see it. */
export type Show<Event> = (event: Event, principal: Principal) => { type: string; data: object } | null

/** A response that stays open. One Durable Object reads the feed of that name for all subscribers. */
export async function openStream(ctx: Ctx, name: string, after: string | null): Promise<Response> {
  const { principal, expiresAt, env } = ctx
  if (principal === null) throw new AppError('unauthenticated')
  if (env.STREAMS === undefined)
    throw new AppError('unavailable', 'Event streams are not configured on this deployment', {
      retryAfter: 60,
    })
  const body = await env.STREAMS.get(env.STREAMS.idFromName(name)).subscribe(name, {
    principal,
    after,
    until: expiresAt?.getTime() ?? null,
  })
  if (body === null)
    throw new AppError('too_many_streams', 'Close a stream of yours, or try again later', { retryAfter: 30 })
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
  })
}

/** `left` is called when the client has gone or the stream has ended. */
export type Subscribe = (query: StreamQuery, left: () => void) => ReadableStream<Uint8Array>

type Limits = { perCaller: number; inAll: number }

/** At most so many streams are open at once. Null when there is no place for another one. */
export function limited(subscribe: Subscribe, { perCaller, inAll }: Limits) {
  const open = new Set<{ caller: string }>()
  return (query: StreamQuery): ReadableStream<Uint8Array> | null => {
    const stream = { caller: callerOf(query.principal) }
    const own = [...open].filter(({ caller }) => caller === stream.caller)
    if (open.size >= inAll || own.length >= perCaller) return null
    open.add(stream)
    return subscribe(query, () => void open.delete(stream))
  }
}

/** Opens a feed for subscriptions, inside the Durable Object. `scope` follows the feed's name: a tenant. */
export type Channel = (ctx: Ctx, scope: string) => Subscribe

type ChannelSpec<Event> = {
  feed: Feed
  show: Show<Event>
  /** The database with the settings of this scope. */
  db?: (ctx: Ctx, scope: string) => Db
}

export function channel<Event>({ feed, show, db = (ctx) => ctx.db }: ChannelSpec<Event>): Channel {
  return (ctx, scope) => {
    const source = db(ctx, scope)
    const hub = makeHub<Event>({
      feed,
      log: ctx.log,
      query: (statements) => source.batch(statements, { readOnly: true }),
    })
    return ({ principal, after, until }, left) => {
      let leave = () => {}
      const { subscriber, body } = makeSubscriber<Event>((event) => show(event, principal), {
        left: () => {
          leave()
          left()
        },
        lifetimeMs: lifetimeUntil(until),
      })
      leave = hub.join(subscriber, requestedCursor(after))
      return body
    }
  }
}

/** A client sends `?after=` with its first request and `Last-Event-ID` after a reconnect. */
function requestedCursor(after: string | null): Cursor | 'malformed' | null {
  return after === null ? null : (parseCursor(after) ?? 'malformed')
}

/** The unread bytes after which a client has no room. As many stuck clients as may be open fit into the memory of one object. */
const roomBytes = 64 * 1024
/** A token may be revoked while its stream is open, so the client must reconnect with a fresh token and its cursor. */
const longestMs = 15 * 60_000

/** A stream ends with its token at the latest. */
function lifetimeUntil(until: number | null): number {
  const longest = longestMs * (0.9 + Math.random() / 10)
  return until === null ? longest : Math.max(0, Math.min(longest, until - Date.now()))
}

type Open<Event> = { subscriber: Subscriber<Event>; body: ReadableStream<Uint8Array> }

type Life = { left: () => void; lifetimeMs: number }

function makeSubscriber<Event>(
  show: (event: Event) => ReturnType<Show<Event>>,
  { left, lifetimeMs }: Life,
): Open<Event> {
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
  const lifetime = setTimeout(() => {
    controller?.close()
    end()
  }, lifetimeMs)

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
    subscriber: {
      hasRoom: () => (controller?.desiredSize ?? 0) > 0,
      receive({ event, ...at }: Read<Event>) {
        const shown = show(event)
        if (shown) write(`id: ${formatCursor(at)}\nevent: ${shown.type}\ndata: ${asJson(shown.data)}\n\n`)
      },
      reportCursor(at) {
        const cursor = formatCursor(at)
        write(`id: ${cursor}\nevent: cursor\ndata: ${JSON.stringify({ cursor })}\n\n`)
      },
      reset: (reason, at) =>
        write(`id: ${formatCursor(at)}\nevent: reset\ndata: ${JSON.stringify({ reason })}\n\n`),
      close(reason) {
        // An error frees the unread buffer; a plain close would keep it.
        controller?.error(new Error(reason))
        end()
      },
    },
  }
}

const texts = new WeakMap<object, string>()

/** Serialized once for all subscribers that see the same object. */
function asJson(data: object): string {
  const text = texts.get(data) ?? JSON.stringify(data)
  texts.set(data, text)
  return text
}
