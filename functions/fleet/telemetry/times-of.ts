/** The times of the samples in these messages, each day once. */
export function timesOf(messages: readonly { at: string; items: readonly unknown[] }[]): Date[] {
  const days = new Map<number, Date>()
  const add = (ms: number) => days.set(Math.floor(ms / 86_400_000), new Date(ms))
  for (const { at, items } of messages) {
    add(Date.parse(at))
    for (const item of items) if (Array.isArray(item) && typeof item[2] === 'number') add(item[2])
  }
  return [...days.values()]
}
