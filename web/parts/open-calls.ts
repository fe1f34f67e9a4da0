type Call = { method?: string; body?: object; ifMatch?: number }

/** A body that names times is made of the time of its first sending. */
export type Timed<R extends Call> = R | ((at: number) => R)

export type Begun<R> = {
  sent: R
  /** Nobody knows whether this sending had its effect. */
  lost: () => void
  /** The call has its answer: the same press later is another call. */
  answered: () => void
  /** This sending had no effect. If none before it was lost, the same press later is another call, too. */
  hadNone: () => void
}

/**
 * The calls that have no answer yet. Each may have had its effect. So it is sent again unchanged: the same key, and the
 * times of its first body. Another body under the key would be refused.
 */
export function openCalls<R extends Call>({ now, newKey }: { now: () => number; newKey: () => string }) {
  const open = new Map<string, { key: string; at: number; isLost: boolean }>()

  function begin(path: string, request: Timed<R>): Begun<R & { method: string; key?: string }> {
    const madeAt = (at: number) => (typeof request === 'function' ? request(at) : request)
    const { method = 'POST', ifMatch, body } = madeAt(0)
    const name = JSON.stringify([method, path, ifMatch, body])
    const call = open.get(name) ?? { key: newKey(), at: now(), isLost: false }
    const { key, at } = call
    open.set(name, call)
    return {
      sent: { ...madeAt(at), method, ...(method === 'POST' && { key }) },
      lost: () => {
        call.isLost = true
      },
      answered: () => open.delete(name),
      hadNone: () => {
        if (!call.isLost) open.delete(name)
      },
    }
  }

  return { begin }
}
