import type { Sample } from './judge-sample.ts'

export type Priority = 'low' | 'normal' | 'high'

/** One of so many samples of a priority is kept. */
export type Rate = Readonly<Record<Priority, number>>

const all: Rate = { low: 1, normal: 1, high: 1 }

/** The rule of a backlog, as a share of the most that may wait. Null: nothing more is taken. */
export function rateAt(share: number): Rate | null {
  if (share >= 1) return null
  if (share > 0.95) return { low: 5, normal: 2, high: 1 }
  if (share > 0.9) return { low: 2, normal: 1, high: 1 }
  return all
}

/**
 * The samples that the rule keeps. Of a series, every n-th sample of the batch stays, counted from its newest. The series
 * and its newest time choose where the counting begins, so a series with one sample per batch is thinned alike, and a
 * repeated batch loses the same samples.
 */
export function thin<T extends Pick<Sample, 'nodeUid' | 'metric' | 'channel' | 'tsMs'>>(
  samples: readonly T[],
  rate: Rate,
  priorityOf: (metric: string) => Priority,
): { kept: T[]; thinned: number } {
  if (rate.low === 1 && rate.normal === 1 && rate.high === 1) return { kept: [...samples], thinned: 0 }
  const series = Map.groupBy(samples, ({ nodeUid, metric, channel }) => `${nodeUid}\n${metric}\n${channel}`)
  const kept = new Set<T>()
  for (const [name, members] of series) {
    const [first] = members
    if (first === undefined) continue
    const every = rate[priorityOf(first.metric)]
    const newestFirst = members.toSorted((a, b) => timeOf(b) - timeOf(a))
    const [newest = first] = newestFirst
    const from = mixed(`${name}\n${timeOf(newest)}`) % every
    for (const [at, one] of newestFirst.entries()) if ((at + from) % every === 0) kept.add(one)
  }
  return { kept: samples.filter((one) => kept.has(one)), thinned: samples.length - kept.size }
}

/** A sample without a time is the newest: it was measured now. */
function timeOf({ tsMs }: Pick<Sample, 'tsMs'>): number {
  return tsMs ?? Number.MAX_SAFE_INTEGER
}

/** FNV-1a with a last mixing, because its low bits alone follow the last digits of a time. */
function mixed(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
