import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { useEffect, useRef } from 'preact/hooks'
import { authorization, type Problem, problemIn } from '../api.ts'
import { serverNow } from './clock.ts'
import { type FeedEvent, gathered } from './gathered.ts'
import type { Resource } from './resource.ts'
import { principal, token } from './session.ts'
import { type Watchdog, watchdog } from './watchdog.ts'

/*
 * One stream per feed and browser. Plain HTTP gives a host six connections, which the tabs of one person would use up. So
 * the tab that holds a Web Lock reads the stream and shares it by a BroadcastChannel; when it closes, the next one goes on
 * from the last cursor. Both names have the principal, so that no tab receives the events of another caller.
 */

/** `live`: the stream is connected. `away`: it is being connected again, so what is shown may be old. */
export type FeedState = 'connecting' | 'live' | 'away'

type Handlers = {
  /** At least one, in their order. */
  events: (burst: readonly FeedEvent[]) => void
  /** Events may be missing from here on: read the resource again. Also called once the stream is connected first. */
  anew: () => void
  /** The stream is refused. It is connected again by itself. */
  refused?: (problem: Problem) => void
}

type Message =
  | { kind: 'event'; id: string; type: string; data: string }
  /** `id`: the cursor up to which the stream has given its events; null if it has given none. */
  | { kind: 'state'; state: FeedState; id: string | null }
  | { kind: 'refused'; problem: Problem }
  | { kind: 'hello' }

type How = {
  /** Another number subscribes anew. */
  turn?: number
  /** False: an event replaces the one before it, so those that wait are no news. */
  counts?: boolean
}

/** Subscribes while the component is mounted. Nothing is opened without a token or for an empty path. */
export function useFeed(
  path: string,
  handlers: Handlers,
  { turn = 0, counts = true }: How = {},
): Signal<FeedState> {
  const state = useSignal<FeedState>('connecting')
  const current = useRef(handlers)
  current.current = handlers
  const name =
    principal.value && `${principal.value.role}:${principal.value.sub}:${principal.value.tenantId ?? ''}`
  useEffect(() => {
    if (path === '' || name === null) return undefined
    const events = gathered(
      {
        events: (burst) => current.current.events(burst),
        anew: () => current.current.anew(),
      },
      counts ? path : null,
    )
    const stop = subscribe(`lockstep:${name}:${path}`, path, {
      event: events.take,
      anew: events.anew,
      refused: (problem) => current.current.refused?.(problem),
      state: (next) => {
        state.value = next
      },
    })
    return () => {
      stop()
      events.stop()
    }
  }, [path, name, turn, counts])
  return state
}

/** A stream whose each event is the whole state, as a panel reads it. */
export function useLive<T>(path: string, type: string): { of: Resource<T>; state: Signal<FeedState> } {
  const [data, readAt, problem] = [
    useSignal<T | null>(null),
    useSignal<number | null>(null),
    useSignal<Problem | null>(null),
  ]
  const turn = useSignal(0)
  const handlers: Handlers = {
    events(burst) {
      const event = burst.findLast((one) => one.type === type)
      if (event === undefined) return
      // The contract of the stream names this type and its state.
      data.value = event.data as T
      readAt.value = serverNow()
      problem.value = null
    },
    anew: () => undefined,
    refused(refusal) {
      problem.value = refusal
    },
  }
  const state = useFeed(path, handlers, { turn: turn.value, counts: false })
  async function reload(): Promise<void> {
    turn.value += 1
  }
  return { of: { path, data, readAt, problem, every: null, streamed: true, reload }, state }
}

type Subscriber = Required<Omit<Handlers, 'events'>> & {
  event: (event: FeedEvent) => void
  state: (state: FeedState) => void
}

function subscribe(name: string, path: string, to: Subscriber): () => void {
  const gone = new AbortController()
  const channel = new BroadcastChannel(name)
  let cursor: string | null = null
  let known: FeedState = 'connecting'
  let leads = false

  function take(message: Message): void {
    if (message.kind === 'hello') {
      if (leads) post({ kind: 'state', state: known, id: cursor })
      return
    }
    if (message.kind === 'state') {
      // Connected for the first time, or by a tab that went on from another cursor: events between are missing here.
      if (message.state === 'live' && (cursor === null || message.id !== cursor)) to.anew()
      cursor = message.id ?? cursor
      known = message.state
      to.state(known)
      return
    }
    if (message.kind === 'refused') {
      to.refused(message.problem)
      return
    }
    cursor = message.id
    if (message.type === 'reset') to.anew()
    else if (message.type !== 'cursor') to.event({ type: message.type, data: parsed(message.data) })
  }

  function post(message: Message): void {
    // A channel has no target: it reaches the tabs of this origin only.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    channel.postMessage(message)
  }

  function share(message: Message): void {
    post(message)
    take(message)
  }

  channel.addEventListener('message', ({ data }: MessageEvent<Message>) => take(data))
  post({ kind: 'hello' })
  void takeTurns().catch(() => undefined)

  async function takeTurns(): Promise<void> {
    for (let turns = 0; !gone.signal.aborted; turns += 1) {
      const wasLive = await navigator.locks.request(name, { signal: gone.signal }, async () => {
        leads = true
        const end = await lead(path, { signal: gone.signal, cursor: () => cursor, share, take })
        leads = false
        return end
      })
      if (wasLive) turns = 0
      // The token of this tab has ended. Another tab may have a good one, so it gets its turn first.
      await pause(Math.min(betweenTurnsMs * 2 ** turns, longestPauseMs), gone.signal, token)
    }
  }

  return () => {
    gone.abort()
    channel.close()
  }
}

type Lead = {
  signal: AbortSignal
  cursor: () => string | null
  share: (message: Message) => void
  /** For this tab alone. */
  take: (message: Message) => void
}

const [betweenTurnsMs, longestPauseMs] = [5_000, 60_000]

/**
 * Reads the stream until the tab goes or its token is refused. After a cut it continues from the last cursor; pauses grow
 * to ten seconds. Returns whether it was connected.
 */
async function lead(path: string, leading: Lead): Promise<boolean> {
  const { signal, share } = leading
  let wasLive = false
  for (let failures = 0; !signal.aborted; ) {
    const end = await readOnce(path, leading).catch(() => 'failed' as const)
    wasLive ||= end === 'cut'
    if (signal.aborted) return wasLive
    failures = end === 'cut' ? 0 : failures + 1
    share({ kind: 'state', state: 'away', id: null })
    if (end === 'unauthenticated') return wasLive
    await pause(Math.min(10_000, 250 * 2 ** failures), signal)
  }
  return wasLive
}

/** The server sends a cursor every 15 seconds, so a stream that is silent for longer than two of them is dead. */
const silenceMs = 35_000

/** `cut`: it was connected. */
type End = 'cut' | 'failed' | 'unauthenticated'

async function readOnce(path: string, leading: Lead): Promise<End> {
  const silent = new AbortController()
  const watch = watchdog(silenceMs, () => silent.abort())
  try {
    const signal = AbortSignal.any([leading.signal, silent.signal])
    return await readUntilCut(path, { ...leading, signal }, watch)
  } finally {
    watch.stop()
  }
}

async function readUntilCut(
  path: string,
  { signal, cursor, share, take }: Lead,
  watch: Watchdog,
): Promise<End> {
  const after = cursor()
  const bearer = token.peek()
  const response = await fetch(path, {
    headers: {
      accept: 'text/event-stream',
      ...authorization(),
      ...(after !== null && { 'last-event-id': after }),
    },
    cache: 'no-store',
    credentials: 'omit',
    signal,
  })
  if (!response.ok || response.body === null) {
    const isOwn = response.status === 401
    // The refusal is of a token that was renewed meanwhile.
    if (isOwn && token.peek() !== bearer) return 'failed'
    const tell = isOwn ? take : share
    tell({ kind: 'refused', problem: await problemIn(response) })
    return isOwn ? 'unauthenticated' : 'failed'
  }
  let alive = false
  const parser = createParser({
    onEvent({ id = '', event = 'message', data }: EventSourceMessage) {
      if (!alive) share({ kind: 'state', state: 'live', id: after })
      alive = true
      share({ kind: 'event', id, type: event, data })
    },
  })
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }))
    if (done || value === undefined) return alive ? 'cut' : 'failed'
    watch.arrived()
    parser.feed(value)
  }
}

/** Ends before its time with the signal, and when the value changes, such as a token that is renewed. */
function pause(ms: number, signal: AbortSignal, value?: ReadonlySignal<unknown>): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const before = value?.peek()
    const timer = setTimeout(end, ms)
    const unsubscribe = value?.subscribe((now) => {
      if (now !== before) end()
    })
    signal.addEventListener('abort', end)

    function end(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      unsubscribe?.()
      resolve()
    }
  })
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}
