/** A value as an isolate keeps it. `number` and the births order the values of one key. */
export type Entry<T> = {
  value: T | null
  at: number
  /** Loads of this isolate in order, because the clock may stand still between two. A shared value has 0. */
  number: number
  text: string
  /** The birth with which the shared layer has this text, as far as this isolate knows. */
  sharedAt: number
  failedAt: number
}

/** JSON from every layer, so that a reader sees one form: a Date is a text in all of them. */
export function entryOf<T>(text: string, at: number): Entry<T> {
  const value = JSON.parse(text, frozen) as T | null
  return {
    value,
    at,
    text,
    number: 0,
    sharedAt: Number.NEGATIVE_INFINITY,
    failedAt: Number.NEGATIVE_INFINITY,
  }
}

function frozen(_key: string, value: unknown): unknown {
  return Object.freeze(value)
}
