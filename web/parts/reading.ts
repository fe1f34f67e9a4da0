export type Reading = {
  /** The signal of a new read, which ends the one before it. After `end` it is aborted already. */
  begin: () => AbortSignal
  /** Ends the read that is under way. */
  stop: () => void
  /** Ends it, and each later one. */
  end: () => void
}

/** One read at a time. A read may take many calls, so it must know that nobody wants its answer any more. */
export function reading(): Reading {
  let current = new AbortController()
  let isOver = false
  return {
    begin() {
      current.abort()
      current = new AbortController()
      if (isOver) current.abort()
      return current.signal
    },
    stop: () => current.abort(),
    end() {
      isOver = true
      current.abort()
    },
  }
}
