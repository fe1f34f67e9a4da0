import type { Hub, Subscriber } from '../../functions/core/hub.ts'
import type { Cursor, Read } from '../../functions/core/stream.ts'

type Received<Event> = Read<Event> | { reset: string; xid: string; seq: string }

export type Listener<Event> = {
  /** The events and resets it received, in order. */
  received: Received<Event>[]
  cursor: Cursor | null
  /** False refuses every event. */
  room: boolean
  closed: string | null
  until(condition: () => boolean): Promise<void>
  leave(): void
}

/** A subscriber of a hub from a cursor on. `onEvent` may leave in the middle of a page. */
export function join<Event>(
  hub: Hub<Event>,
  after: Cursor | 'malformed' | null,
  onEvent: (listener: Listener<Event>) => void = () => undefined,
): Listener<Event> {
  const checks = new Set<() => void>()
  const changed = () => {
    for (const check of checks) check()
  }
  let present = true
  const subscriber: Subscriber<Event> = {
    hasRoom: () => listener.room,
    receive(read) {
      // A client that has left receives no more of the page that was on its way.
      if (!present) return
      listener.received.push(read)
      listener.cursor = { xid: read.xid, seq: read.seq }
      onEvent(listener)
      changed()
    },
    reportCursor(at) {
      if (present) listener.cursor = at
      changed()
    },
    reset(reason, at) {
      listener.received.push({ reset: reason, ...at })
      listener.cursor = at
      changed()
    },
    close(reason) {
      listener.closed = reason
      changed()
    },
  }
  const listener: Listener<Event> = {
    received: [],
    cursor: null,
    room: true,
    closed: null,
    until: (condition) =>
      new Promise((resolve) => {
        const check = () => {
          if (!condition()) return
          checks.delete(check)
          resolve()
        }
        checks.add(check)
        check()
      }),
    leave() {
      present = false
      leave()
    },
  }
  const leave = hub.join(subscriber, after)
  return listener
}
