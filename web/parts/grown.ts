import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { ask, type Problem } from '../api.ts'
import { afterGap, type Grown, grown, type More, type PageOf, withPage } from './more.ts'
import type { Resource } from './resource.ts'
import { nameOf, principal } from './session.ts'
import { useReading } from './use-reading.ts'

type Held<T> = More<T> & {
  of: string
  /** When the first of the further pages was read, by the server's clock; null until then. */
  readAt: number | null
}

type GrownList<T> = {
  /** The rows that are shown while this is the newest first page. Made once for each page. */
  of: (newest: PageOf<T>) => Grown<T>
  /** When the oldest of the further pages was read; null without one. */
  readAt: number | null
  problem: Signal<Problem | null>
  busy: Signal<boolean>
  /** Adds the next page, or all pages that are left. */
  grow: (all?: boolean) => Promise<void>
  /** Keeps the further pages after a gap in the events, with the rows as they were last known, and says that they are old. */
  keep: (known: (row: T) => T) => void
  /** Gives the further pages up, so that the list begins at its top again. */
  restart: () => void
}

/** The list whose first page is read at `path`, and the pages after it that its reader wants. */
export function useGrown<T>(
  path: string,
  first: Resource<PageOf<T>>,
  keyOf: (row: T) => unknown,
): GrownList<T> {
  const held = useSignal<Held<T> | null>(null)
  const problem = useSignal<Problem | null>(null)
  const busy = useSignal(false)
  const reading = useReading()
  // Pages of one caller are never shown to the next one.
  const of = `${principal.value && nameOf(principal.value)} ${path}`
  useEffect(
    () => () => {
      reading.stop()
      problem.value = null
    },
    [of],
  )
  const more = held.value?.of === of ? held.value : null
  const last = useRef<{ newest: PageOf<T>; more: Held<T> | null; list: Grown<T> } | null>(null)

  function listOf(newest: PageOf<T>): Grown<T> {
    if (last.current?.newest === newest && last.current.more === more) return last.current.list
    const list = grown(newest, more, { path, keyOf })
    last.current = { newest, more, list }
    return list
  }

  async function grow(all = false): Promise<void> {
    const page = first.data.value
    const begun = held.value?.of === of ? held.value : null
    if (busy.value || page === null) return
    const signal = reading.begin()
    busy.value = true
    let now = begun ?? { of, first: page, rows: [], places: [], next: page.nextCursor, readAt: null }
    // Held from the press on, so that a gap in the events meanwhile is noted in it.
    held.value = now
    while (now.next !== null) {
      const at = `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(now.next)}`
      const reply = await ask<PageOf<T>>(at, { signal })
      if (signal.aborted) break
      problem.value = reply.ok ? null : reply.problem
      if (!reply.ok || reply.data === null) break
      const { readAt } = now
      now = { ...withPage(held.value, reply.data, at), of, readAt: readAt ?? reply.at }
      held.value = now
      if (!all) break
    }
    if (!signal.aborted && now.rows.length === 0) held.value = null
    busy.value = false
  }

  function keep(known: (row: T) => T): void {
    const now = held.value
    if (now?.of === of) held.value = { ...now, ...afterGap(now, known) }
  }

  function restart(): void {
    reading.stop()
    held.value = null
    problem.value = null
  }

  return {
    of: listOf,
    readAt: more?.readAt ?? null,
    problem,
    busy,
    grow,
    keep,
    restart,
  }
}
