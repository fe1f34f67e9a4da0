type Call = { method?: string; body?: object; ifMatch?: number }

/** A body that names times is made of the time of its first sending. */
export type Timed<R extends Call> = R | ((at: number) => R)

type Begun<R> = {
  sent: R
  /** The call has its answer: the same press later is another call. */
  answered: () => void
}

/**
 * The calls that have no answer yet. Each may have had its effect, so it is only ever sent again as it was: with its key,
 * and with the times that stood in its body first. Another body under the key would be refused.
 */
export function openCalls<R extends Call>({ now, newKey }: { now: () => number; newKey: () => string }) {
  const open = new Map<string, { key: string; at: number }>()

  function begin(path: string, request: Timed<R>): Begun<R & { method: string; key?: string }> {
    const madeAt = (at: number) => (typeof request === 'function' ? request(at) : request)
    const { method = 'POST', ifMatch, body } = madeAt(0)
    const name = JSON.stringify([method, path, ifMatch, body])
    const { key, at } = open.get(name) ?? { key: newKey(), at: now() }
    open.set(name, { key, at })
    return {
      sent: { ...madeAt(at), method, ...(method === 'POST' && { key }) },
      answered: () => open.delete(name),
    }
  }

  return { begin }
}
