import type { Replay } from './contract.ts'
import type { StoredReplay } from './show-replay.ts'

/** The counters of a replay are one flat object, as in `{ "rule bot": 3, "rule bot USD": 450 }` (run-replays.ts). */
export function readable({ result, ...replay }: StoredReplay): Replay {
  const counters = result?.counters ?? {}
  return {
    ...replay,
    invalidated: counters['invalidated'] ?? 0,
    validated: counters['validated'] ?? 0,
    reclassified: counters['reclassified'] ?? 0,
    byRule: turnedBy('rule', counters).map(({ name, ...turned }) => ({ rule: name, ...turned })),
    bySource: turnedBy('source', counters).map(({ name, ...turned }) => ({
      trafficSourceId: name === '0' ? null : Number(name),
      ...turned,
    })),
    examples: result?.examples ?? [],
  }
}

function turnedBy(what: string, counters: Readonly<Record<string, number>>) {
  const words = Object.entries(counters).map(([key, value]) => ({ words: key.split(' '), value }))
  return words
    .filter((one) => one.words[0] === what && one.words.length === 2)
    .map(({ words: [, name = ''], value: clicks }) => ({
      name,
      clicks,
      revenue: words
        .filter((one) => one.words[0] === what && one.words[1] === name && one.words.length === 3)
        .map(({ words: [, , currency = ''], value: minor }) => ({ currency, minor })),
    }))
    .sort((a, b) => b.clicks - a.clicks || a.name.localeCompare(b.name))
}
