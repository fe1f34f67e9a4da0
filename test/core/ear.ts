import type { Hub, Listener } from '../../functions/core/hub.ts'
import type { Position, Read } from '../../functions/core/stream.ts'

type Told<Event> = Read<Event> | { reset: string; xid: string; seq: string }

export type Ear<Event> = {
  /** What it was told, in order. */
  heard: Told<Event>[]
  cursor: Position | null
  /** Whether it takes anything. */
  room: boolean
  closed: string | null
  until(condition: () => boolean): Promise<void>
  leave(): void
}

/** One who listens to a hub from a position on. `onEvent` may leave in the middle of a page. */
export function join<Event>(
  hub: Hub<Event>,
  after: Position | 'malformed' | null,
  onEvent: (ear: Ear<Event>) => void = () => undefined,
): Ear<Event> {
  const checks = new Set<() => void>()
  const changed = () => {
    for (const check of checks) check()
  }
  let present = true
  const listener: Listener<Event> = {
    hasRoom: () => ear.room,
    take(read) {
      // Who has hung up hears no more of the page that was on its way.
      if (!present) return
      ear.heard.push(read)
      ear.cursor = { xid: read.xid, seq: read.seq }
      onEvent(ear)
      changed()
    },
    stand(at) {
      if (present) ear.cursor = at
      changed()
    },
    reset(reason, at) {
      ear.heard.push({ reset: reason, ...at })
      ear.cursor = at
      changed()
    },
    close(reason) {
      ear.closed = reason
      changed()
    },
  }
  const ear: Ear<Event> = {
    heard: [],
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
  const leave = hub.join(listener, after)
  return ear
}
