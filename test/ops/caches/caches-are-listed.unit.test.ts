import { expect, it } from 'vitest'
import { cache } from '../../../functions/core/cache.ts'
import type { Ctx } from '../../../functions/core/context.ts'
import { listCaches } from '../../../functions/ops/caches/list.ts'

const seen: unknown[] = []
const one = cache<string>({ name: 'listed', load: async () => 'value' })
// A cache uses these parts of a context only.
const ctx = {
  env: {},
  now: () => new Date(),
  log: { info: (...line: unknown[]) => seen.push(line), error: (...line: unknown[]) => seen.push(line) },
  waitUntil: (work: Promise<unknown>) => void work,
} as unknown as Ctx

it('a cache shows its hits, misses and the age of its oldest value', async () => {
  const listed = () => listCaches(ctx).data.find(({ name }) => name === 'listed')
  expect(listed()).toMatchObject({ hitRatio: null, entries: 0, oldestSeconds: null })
  for (let read = 0; read < 4; read += 1) await one.read(ctx, 'key')
  expect(listed()).toMatchObject({
    hits: { isolate: 3, shared: 0 },
    misses: 1,
    loads: 1,
    hitRatio: 0.75,
    rated: true,
    entries: 1,
  })
  expect(listed()?.oldestSeconds).toBeGreaterThanOrEqual(0)
  expect(listCaches(ctx).sharedLayer).toBe('none')
})
