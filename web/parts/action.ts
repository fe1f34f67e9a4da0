import { type Signal, useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { ask, newKey, type Problem, type Request } from '../api.ts'

/** A call that changes something, from click to answer. */
export type Sending = 'idle' | 'sending' | 'unknown'

export type Action<T> = {
  state: Signal<Sending>
  problem: Signal<Problem | null>
  /** The answer of the last call that succeeded. */
  done: Signal<T | null>
  /** Resolves with the answer, or null if it was refused. A second call while one is under way does nothing. */
  send: (path: string, request?: Omit<Request, 'key' | 'signal'>) => Promise<T | null>
}

/**
 * One key from click to answer. When no reply arrives the outcome is unknown, so the call is sent again with the same key
 * until a reply arrives: it has one effect, however many were sent.
 */
export function useAction<T>(): Action<T> {
  const state = useSignal<Sending>('idle')
  const problem = useSignal<Problem | null>(null)
  const done = useSignal<T | null>(null)
  const busy = useRef(false)

  async function send(path: string, request: Omit<Request, 'key' | 'signal'> = {}): Promise<T | null> {
    if (busy.current) return null
    busy.current = true
    state.value = 'sending'
    problem.value = null
    try {
      const reply = await untilAnswered<T>(path, request, () => (state.value = 'unknown'))
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

const pausesMs = [500, 1_000, 2_000, 4_000]

async function untilAnswered<T>(path: string, request: Request, onLost: () => void) {
  const sent: Request = { method: 'POST', ...request }
  if (sent.method === 'POST') sent.key = newKey()
  for (let tries = 0; ; tries += 1) {
    const reply = await ask<T>(path, sent)
    // Without a key a repetition could have a second effect, so the user decides.
    const isLost = !reply.ok && (reply.problem.status === 0 || reply.problem.code === 'in_progress')
    if (!isLost || sent.key === undefined) return reply
    onLost()
    const pause = pausesMs[Math.min(tries, pausesMs.length - 1)]
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
