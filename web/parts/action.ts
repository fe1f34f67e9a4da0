import { type Signal, useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { ask, newKey, type Problem, type Reply, type Request } from '../api.ts'
import { serverNow } from './clock.ts'
import { type Begun, openCalls, type Timed } from './open-calls.ts'
import { hadNoEffect, isUnanswered, repeatAfterMs } from './repeat.ts'

/** A call that changes something, from click to answer. */
export type Sending = 'idle' | 'sending' | 'unknown'

export type Action<T> = {
  state: Signal<Sending>
  problem: Signal<Problem | null>
  /** The answer of the last call that succeeded. */
  done: Signal<T | null>
  /** Resolves with the answer, or null if it was refused. A second call while one is under way does nothing. */
  send: (path: string, request?: Timed<Change>) => Promise<T | null>
}

type Change = Omit<Request, 'key' | 'signal'>

/**
 * One key from click to answer. When no reply arrives the outcome is unknown, so the call is sent again with the same key
 * until a reply arrives: it has one effect, however many were sent. A server that fails gets the call again, too; when it goes
 * on failing, the next press of the button still sends the same call with the same key.
 */
export function useAction<T>(): Action<T> {
  const state = useSignal<Sending>('idle')
  const problem = useSignal<Problem | null>(null)
  const done = useSignal<T | null>(null)
  const busy = useRef(false)
  const { current: open } = useRef(openCalls<Change>({ now: serverNow, newKey }))

  async function send(path: string, request: Timed<Change> = {}): Promise<T | null> {
    if (busy.current) return null
    busy.current = true
    state.value = 'sending'
    problem.value = null
    try {
      const call = open.begin(path, request)
      const reply = await untilAnswered<T>(path, call, () => (state.value = 'unknown'))
      if (reply.ok || !isUnanswered(reply.problem)) call.answered()
      else if (hadNoEffect(reply.problem)) call.hadNone()
      if (!reply.ok) {
        problem.value = reply.problem
        return null
      }
      done.value = reply.data
      return reply.data
    } finally {
      busy.current = false
      state.value = 'idle'
    }
  }

  return { state, problem, done, send }
}

async function untilAnswered<T>(
  path: string,
  { sent, lost }: Begun<Request>,
  onLost: () => void,
): Promise<Reply<T>> {
  for (let repetitions = 0; ; repetitions += 1) {
    const reply = await ask<T>(path, sent)
    const isLost = !reply.ok && isUnanswered(reply.problem) && !hadNoEffect(reply.problem)
    if (isLost) lost()
    // Without a key a repetition could have a second effect, so the user decides.
    if (reply.ok || sent.key === undefined) return reply
    const pauseMs = repeatAfterMs(reply.problem, repetitions)
    if (pauseMs === null) return reply
    if (isLost) onLost()
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
