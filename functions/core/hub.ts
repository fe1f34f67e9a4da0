/**
 * One reader of a feed for any number of listeners.
 *
 * Guarantee: Postgres is asked at most once per `pace.busyMs`, and not at all without listeners, however many there are;
 * each listener gets every event after its cursor once, in order. Nothing is kept but the listeners' cursors: each round
 * reads on from the foremost, and from the hindmost if it is elsewhere, so whoever comes back late is served like the
 * rest, and memory stays flat. An event is offered within a round of becoming readable.
 * How a listener loses: it takes nothing for `pace.stuckMs`: it is closed with `too_slow` and comes back with its cursor.
 * A cursor from which no gap-free reading is possible is told as `reset`, and goes on from now.
 * What the caller must do: keep it where it outlives a request (a Durable Object). Driver: HTTP, one read-only batch.
 */
import type { SQL } from 'drizzle-orm'
import type { Log } from './log.ts'
import {
  beginning,
  comparePositions,
  type Feed,
  markHorizon,
  newestOf,
  type Position,
  type Read,
  readFeed,
  type Standing,
  standingOf,
} from './stream.ts'

export type Listener<Event> = {
  /** Whether it can take an event now; how it says that it is too slow. */
  hasRoom(): boolean
  /** An event, to be shown or not. */
  take(read: Read<Event>): void
  /** Where the listener stands: when it has joined, and at each heartbeat. */
  stand(at: Position): void
  reset(reason: 'unknown' | 'expired', at: Position): void
  close(reason: 'too_slow'): void
}

export type Pace = {
  /** Between two rounds when everybody has everything; half of it is what an event waits on average. */
  idleMs: number
  /** Between two rounds while somebody lags behind. */
  busyMs: number
  /** After a round that failed. */
  failedMs: number
  beatMs: number
  stuckMs: number
  /** Events of one read. */
  page: number
}

/** A write is seen within idleMs and two round trips, so within the second that is promised. */
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
  read: (statements: SQL[]) => Promise<unknown[][]>
  log: Log
  pace?: Pace
}

type Member<Event> = {
  listener: Listener<Event>
  asked: Position | 'malformed' | null
  /** Null until its first round. */
  cursor: Position | null
  stuckSince: number | null
}

export type Hub<Event> = {
  /** `after`: the last event the listener has; null for whatever comes from now on. The result takes it out again. */
  join(listener: Listener<Event>, after: Position | 'malformed' | null): () => void
  readonly size: number
}

export function makeHub<Event>({ feed, read, log, pace = usualPace }: Source): Hub<Event> {
  const members = new Set<Member<Event>>()
  let running = false
  let newcomers = false

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
        for (const { listener, cursor } of members) if (cursor !== null) listener.stand(cursor)
      }
      const until = Date.now() + pauseMs
      do await sleep(pace.busyMs)
      while (Date.now() < until && !newcomers)
    }
    running = false
  }

  function dropStuck(): void {
    for (const member of members) {
      member.stuckSince = member.listener.hasRoom() ? null : (member.stuckSince ?? Date.now())
      if (member.stuckSince === null || Date.now() - member.stuckSince < pace.stuckMs) continue
      members.delete(member)
      member.listener.close('too_slow')
      log.info('listener dropped', { feed: feed.name, reason: 'too_slow' })
    }
  }

  /** One round trip for everybody; tells how long to wait for the next. */
  async function round(): Promise<number> {
    const joining = [...members].filter(({ cursor }) => cursor === null)
    const [foremost, hindmost] = ends()
    const standing = joining.map(({ asked }) => (asked === null || asked === 'malformed' ? beginning : asked))
    const [, ...results] = await read([
      markHorizon(feed),
      newestOf(feed),
      standingOf(feed, standing),
      ...[foremost, hindmost].flatMap((from) => (from === null ? [] : [readFeed(feed, from, pace.page)])),
    ])
    // The row types are those of the statements above.
    const [newest, standings, ...pages] = results as [
      Position[],
      { standing: Standing }[],
      ...Read<Event>[][],
    ]
    let behind = hindmost !== null
    for (const [at, from] of [foremost, hindmost].filter((position) => position !== null).entries()) {
      const page = pages[at] ?? []
      const full = page.length === pace.page
      behind ||= full
      deliver(page, { from, upTo: full ? null : (pages[0]?.at(-1) ?? foremost) })
    }
    for (const [at, member] of joining.entries())
      admit(member, standings[at]?.standing, newest[0] ?? beginning)
    return behind || joining.length > 0 ? pace.busyMs : pace.idleMs
  }

  /** The foremost cursor, and the hindmost of those who have room, when that is another one. */
  function ends(): [Position | null, Position | null] {
    const cursors = [...members]
      .filter(({ listener }) => listener.hasRoom())
      .flatMap(({ cursor }) => (cursor === null ? [] : [cursor]))
      .sort(comparePositions)
    const [hindmost = null, foremost = null] = [cursors[0], cursors.at(-1)]
    const together = hindmost === null || foremost === null || comparePositions(hindmost, foremost) === 0
    return [foremost, together ? null : hindmost]
  }

  /** `upTo`: how far a reader is who has the whole page, when the page is not full. */
  function deliver(page: Read<Event>[], { from, upTo }: { from: Position; upTo: Position | null }): void {
    for (const member of members) {
      if (member.cursor === null || comparePositions(member.cursor, from) < 0) continue
      const whole = page.every((event) => take(member, event))
      if (whole && upTo !== null) advance(member, upTo)
    }
  }

  /** Whether the member has it now. */
  function take(member: Member<Event>, event: Read<Event>): boolean {
    if (member.cursor !== null && comparePositions(event, member.cursor) <= 0) return true
    if (!member.listener.hasRoom()) return false
    member.listener.take(event)
    advance(member, event)
    return true
  }

  function admit(member: Member<Event>, standing: Standing | undefined, newest: Position): void {
    const { asked, listener } = member
    if (asked === null) {
      member.cursor = newest
      listener.stand(newest)
    } else if (asked !== 'malformed' && standing === 'known') {
      member.cursor = asked
      listener.stand(asked)
    } else {
      member.cursor = newest
      listener.reset(asked !== 'malformed' && standing === 'expired' ? 'expired' : 'unknown', newest)
    }
  }

  function advance(member: Member<Event>, { xid, seq }: Position): void {
    if (member.cursor === null || comparePositions({ xid, seq }, member.cursor) > 0)
      member.cursor = { xid, seq }
  }

  return {
    join(listener, after) {
      const member: Member<Event> = { listener, asked: after, cursor: null, stuckSince: null }
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
