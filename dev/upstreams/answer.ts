export type Answer = { status: number; headers: Record<string, string>; body: string }

/** The parts of a request that an upstream sees. `path` is without the prefix that stands for its host. */
export type UpstreamRequest = { path: string; query: URLSearchParams; headers: Headers; now: Date }

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

export function text(body: string, status = 200): Answer {
  return { status, headers: { 'content-type': 'text/plain;charset=utf-8' }, body }
}

export function html(body: string, status = 200): Answer {
  return { status, headers: { 'content-type': 'text/html' }, body }
}

export function nothingThere(): Answer {
  return html('<!DOCTYPE html><html><body><h1>Not Found</h1></body></html>', 404)
}

/** `2026-11-20`, in UTC. */
export function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}

/** Every day from the first through the last. */
export function daysBetween(from: string, to: string): string[] {
  const [first, last] = [Date.parse(from), Date.parse(to)]
  const count = Math.max(0, Math.round((last - first) / 86_400_000) + 1)
  return Array.from({ length: count }, (_, index) => dayOf(new Date(first + index * 86_400_000)))
}

export function isDay(value: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value))
}

/** Numbers in [0, 1) that are the same for the same seed, so that the simulation is the same after each start. */
export function dice(seed: string): () => number {
  let state = 2_166_136_261
  for (const char of seed) state = Math.imul(state ^ char.charCodeAt(0), 16_777_619)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function pick<T>(roll: () => number, from: readonly [T, ...T[]]): T {
  return from[Math.floor(roll() * from.length)] ?? from[0]
}
