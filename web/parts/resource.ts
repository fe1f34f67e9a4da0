import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { ask, type Problem, type Reply, type Request } from '../api.ts'
import { nameOf, principal, token } from './session.ts'
import { useReading } from './use-reading.ts'

/** The last good answer of a path and what went wrong since. A failed refresh never removes the answer. */
export type Resource<T> = {
  path: string
  data: ReadonlySignal<T | null>
  /** When the answer was read, by the server's clock. */
  readAt: Signal<number | null>
  problem: Signal<Problem | null>
  /** How often it is read, in seconds; null if by a stream or on demand only. */
  every: number | null
  /** Its values come by a stream, so no path has them. */
  streamed?: boolean
  /** False until its panel is seen: before that it is not read. */
  seen?: Signal<boolean>
  reload: () => Promise<void>
}

type Rhythm<T> = {
  every?: number | null
  /** Another way to read the path than one request. */
  read?: (request: Request) => Promise<Reply<T>>
  /** False: nothing is read yet, for instance because the user has named no place. */
  wanted?: boolean
  /** It is read once its panel is in the window, so that the first sight of a page costs few calls. */
  whenSeen?: boolean
  /**
   * The name of what is shown. Paths of one name are views of one thing, such as a window that moves on: the answer of
   * the one path stays until the answer of the next one.
   */
  same?: string
}

/** Reads a path now, again at its rhythm with If-None-Match, and anew for another path, token or caller. */
export function useResource<T>(
  path: string,
  {
    every = null,
    wanted = true,
    whenSeen = false,
    same = path,
    read = (request) => ask<T>(path, request),
  }: Rhythm<T> = {},
): Resource<T> {
  const data = useSignal<T | null>(null)
  const readAt = useSignal<number | null>(null)
  const problem = useSignal<Problem | null>(null)
  const etag = useRef<string | null>(null)
  const reading = useReading()
  const current = useRef(read)
  const bearer = token.value
  const who = principal.value && nameOf(principal.value)
  const shown = useRef<string | null>(null)
  const tagged = useRef<string | null>(null)
  const owner = useRef<string | null>(null)
  const seen = useSignal(!whenSeen)
  const resource = useMemo(
    () => ({ path, data, readAt, problem, every, reload, seen }),
    [path, every, bearer],
  )

  async function reload(): Promise<void> {
    const signal = reading.begin()
    const reply = await current.current({ ifNoneMatch: etag.current, signal })
    // An older answer that arrives late must not replace a newer one.
    if (signal.aborted) return
    if (!reply.ok) {
      problem.value = reply.problem
      return
    }
    if (reply.status !== 304) data.value = reply.data
    etag.current = reply.etag
    readAt.value = reply.at
    problem.value = null
  }

  function forget(): void {
    data.value = null
    readAt.value = null
    problem.value = null
    etag.current = null
  }

  useEffect(() => {
    // A renewed token keeps the answer, so that a form below it keeps what its user has typed.
    if (shown.current !== same) forget()
    if (tagged.current !== path) etag.current = null
    shown.current = same
    tagged.current = path
    // A caller that kept `reload` from before reads what is shown now.
    current.current = read
    // Its caller may have read it all the same.
    if (!wanted || !seen.value) return reading.stop
    const rest = atRhythm(every, reload)
    return () => {
      rest()
      reading.stop()
    }
  }, [path, every, wanted, bearer, seen.value])

  useEffect(() => {
    if (owner.current !== null && owner.current !== who) forget()
    owner.current = who
  }, [who])

  return resource
}

/** Waits between the end of a read and the begin of the next. A hidden tab reads nothing until it is seen again. */
function atRhythm(every: number | null, read: () => Promise<void>): () => void {
  const gone = new AbortController()
  let timer = 0
  const again = async () => {
    if (gone.signal.aborted) return
    clearTimeout(timer)
    if (document.hidden && every !== null) return
    await read()
    // A tab that is seen again reads at once, beside a read that is still under way.
    clearTimeout(timer)
    if (every !== null && !gone.signal.aborted) timer = setTimeout(again, every * 1_000)
  }
  document.addEventListener('visibilitychange', () => !document.hidden && every !== null && void again(), {
    signal: gone.signal,
  })
  void again()
  return () => {
    clearTimeout(timer)
    gone.abort()
  }
}
