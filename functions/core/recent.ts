/** Entries by key, the longest unread of them evicted first once all together are larger than `maxBytes`. */
export type Recent<Entry> = {
  readonly bytes: number
  readonly evictions: number
  /** Counts as a read. */
  get(key: string): Entry | undefined
  set(key: string, entry: Entry, bytes: number): void
  delete(key: string): void
  entries(): Iterable<Entry>
}

export function makeRecent<Entry>(maxBytes: number): Recent<Entry> {
  // A Map iterates in the order of insertion, so a read inserts its entry again.
  const held = new Map<string, { entry: Entry; bytes: number }>()
  let [bytes, evictions] = [0, 0]

  function remove(key: string): void {
    bytes -= held.get(key)?.bytes ?? 0
    held.delete(key)
  }

  return {
    get bytes() {
      return bytes
    },
    get evictions() {
      return evictions
    },
    get(key) {
      const one = held.get(key)
      if (one === undefined) return undefined
      held.delete(key)
      held.set(key, one)
      return one.entry
    },
    set(key, entry, size) {
      remove(key)
      // It would push out everything else and then itself.
      if (size > maxBytes) return
      held.set(key, { entry, bytes: size })
      bytes += size
      for (const oldest of held.keys()) {
        if (bytes <= maxBytes) return
        remove(oldest)
        evictions += 1
      }
    },
    delete: remove,
    *entries() {
      for (const { entry } of held.values()) yield entry
    },
  }
}
