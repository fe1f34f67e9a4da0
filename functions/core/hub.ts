/**
 * One reader of a feed for any number of subscribers.
 *
 * Guarantee: the hub queries Postgres at most once per `pace.busyMs`, however many subscribers there are, and never when
 * there are none. Each subscriber receives every event after its cursor once, in order. The hub keeps only the cursors:
 * each round reads on from the foremost one, and from that of the late subscriber that has waited longest. So no late
 * subscriber holds up another, and memory stays flat. An event is offered within one round of becoming readable
 * to a subscriber that is not late.
 * How a subscriber loses: if it has no room for `pace.stuckMs`, the hub closes it with `too_slow`, and it may come back
 * with its cursor. If the feed cannot be read from a cursor without a gap, the subscriber gets `reset` and the new cursor.
 * The caller must keep the hub where it outlives a request (a Durable Object). Driver: HTTP, one read-only batch.
 */
import type { Log } from './log.ts'
import type { Statement } from './named.ts'
import {
  beginning,
  type Cursor,
  type CursorStatus,
  compareCursors,
  cursorStatuses,
  type Feed,
  markHorizon,
  newestCursor,
  type Read,
  readFeed,
} from './stream.ts'

export type Subscriber<Event> = {
  /** False while the subscriber cannot receive another event. */
  hasRoom(): boolean
  /** The subscriber decides whether its client sees the event. */
  receive(read: Read<Event>): void
  /** Called when the subscriber has joined, and at each heartbeat. */
  reportCursor(at: Cursor): void
  reset(reason: 'unknown' | 'expired', at: Cursor): void
  close(reason: 'too_slow'): void
}

export type Pace = {
  /** Between two rounds while every subscriber is up to date; an event waits half of it on average. */
  idleMs: number
  /** Between two rounds while a subscriber lags behind. */
  busyMs: number
  /** After a round that failed. */
  failedMs: number
  beatMs: number
  stuckMs: number
  /** Events of one read. */
  page: number
}

/** A write reaches subscribers after idleMs and two round trips at most, so within one second. */
export const usualPace: Pace = {
  idleMs: 400,
  busyMs: 100,
  failedMs: 1_000,
  beatMs: 15_000,
  stuckMs: 15_000,
  page: 200,
}

type Source = {
  feed: Feed
  query: (statements: Statement[]) => Promise<unknown[][]>
  log: Log
  pace?: Pace
}

type Member<Event> = {
  subscriber: Subscriber<Event>
  requested: Cursor | 'malformed' | null
  /** Null until its first round. */
  cursor: Cursor | null
  /** The number of the round that moved its cursor last. */
  movedIn: number
  stuckSince: number | null
}

export type Hub<Event> = {
  /** `after`: the last event that the subscriber has; null starts with the next event. The result unsubscribes. */
  join(subscriber: Subscriber<Event>, after: Cursor | 'malformed' | null): () => void
  readonly size: number
}

export function makeHub<Event>({ feed, query, log, pace = usualPace }: Source): Hub<Event> {
  const members = new Set<Member<Event>>()
  let running = false
  let newcomers = false
  let rounds = 0

  async function run(): Promise<void> {
    let beaten = Date.now()
    while (members.size > 0) {
      newcomers = false
      const pauseMs = await round().catch((error: unknown) => {
        log.error('feed', error, { feed: feed.name })
        return pace.failedMs
      })
      dropStuck()
      if (Date.now() - beaten >= pace.beatMs) {
        beaten = Date.now()
        for (const { subscriber, cursor } of members) if (cursor !== null) subscriber.reportCursor(cursor)
      }
      const until = Date.now() + pauseMs
      do await sleep(pace.busyMs)
      while (Date.now() < until && !newcomers)
    }
    running = false
  }

  function dropStuck(): void {
    for (const member of members) {
      member.stuckSince = member.subscriber.hasRoom() ? null : (member.stuckSince ?? Date.now())
      if (member.stuckSince === null || Date.now() - member.stuckSince < pace.stuckMs) continue
      members.delete(member)
      member.subscriber.close('too_slow')
      log.info('subscriber dropped', { feed: feed.name, reason: 'too_slow' })
    }
  }

  /** One round trip for all subscribers. Returns the pause before the next round. */
  async function round(): Promise<number> {
    rounds += 1
    const joining = [...members].filter(({ cursor }) => cursor === null)
    const [foremost, late] = starts()
    const cursors = joining.map(({ requested }) =>
      requested === null || requested === 'malformed' ? beginning : requested,
    )
    const [, ...results] = await query([
      markHorizon(feed),
      newestCursor(feed),
      cursorStatuses(feed, cursors),
      ...[foremost, late].flatMap((from) => (from === null ? [] : [readFeed(feed, from, pace.page)])),
    ])
    // The row types are those of the statements above.
    const [newest, statuses, ...pages] = results as [Cursor[], { status: CursorStatus }[], ...Read<Event>[][]]
    let behind = late !== null
    for (const [at, from] of [foremost, late].filter((position) => position !== null).entries()) {
      const page = pages[at] ?? []
      const full = page.length === pace.page
      behind ||= full
      deliver(page, { from, upTo: full ? null : (pages[0]?.at(-1) ?? foremost) })
    }
    for (const [at, member] of joining.entries()) admit(member, statuses[at]?.status, newest[0] ?? beginning)
    return behind || joining.length > 0 ? pace.busyMs : pace.idleMs
  }

  /** Of the subscribers that have room: the foremost cursor, and among those behind it the one that has waited longest. */
  function starts(): [Cursor | null, Cursor | null] {
    const ready = [...members]
      .filter(({ subscriber }) => subscriber.hasRoom())
      .flatMap(({ cursor, movedIn }) => (cursor === null ? [] : [{ cursor, movedIn }]))
      .sort((a, b) => a.movedIn - b.movedIn || compareCursors(a.cursor, b.cursor))
    const foremost = ready
      .map(({ cursor }) => cursor)
      .sort(compareCursors)
      .at(-1)
    if (foremost === undefined) return [null, null]
    const late = ready.find(({ cursor }) => compareCursors(cursor, foremost) < 0)
    return [foremost, late?.cursor ?? null]
  }

  /** `upTo`: the cursor after the whole page; null when the page is full, so that more events follow. */
  function deliver(page: Read<Event>[], { from, upTo }: { from: Cursor; upTo: Cursor | null }): void {
    for (const member of members) {
      if (member.cursor === null || compareCursors(member.cursor, from) < 0) continue
      const whole = page.every((event) => offer(member, event))
      if (whole && upTo !== null) advance(member, upTo)
    }
  }

  /** Returns whether the member has received the event, now or earlier. */
  function offer(member: Member<Event>, event: Read<Event>): boolean {
    if (member.cursor !== null && compareCursors(event, member.cursor) <= 0) return true
    if (!member.subscriber.hasRoom()) return false
    member.subscriber.receive(event)
    advance(member, event)
    return true
  }

  function admit(member: Member<Event>, status: CursorStatus | undefined, newest: Cursor): void {
    const { requested, subscriber } = member
    member.movedIn = rounds
    if (requested === null) {
      member.cursor = newest
      subscriber.reportCursor(newest)
    } else if (requested !== 'malformed' && status === 'known') {
      member.cursor = requested
      subscriber.reportCursor(requested)
    } else {
      member.cursor = newest
      subscriber.reset(requested !== 'malformed' && status === 'expired' ? 'expired' : 'unknown', newest)
    }
  }

  function advance(member: Member<Event>, { xid, seq }: Cursor): void {
    if (member.cursor !== null && compareCursors({ xid, seq }, member.cursor) <= 0) return
    member.cursor = { xid, seq }
    member.movedIn = rounds
  }

  return {
    join(subscriber, after) {
      const member: Member<Event> = {
        subscriber,
        requested: after,
        cursor: null,
        movedIn: rounds,
        stuckSince: null,
      }
      members.add(member)
      newcomers = true
      if (!running) {
        running = true
        void run()
      }
      return () => void members.delete(member)
    },
    get size() {
      return members.size
    },
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
