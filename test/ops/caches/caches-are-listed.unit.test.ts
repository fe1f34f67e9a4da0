import { expect, it } from 'vitest'
import { cache } from '../../../functions/core/cache.ts'
import type { Ctx } from '../../../functions/core/context.ts'
import { infoField } from '../../../functions/core/redis.ts'
import { listCaches } from '../../../functions/ops/caches/list.ts'

const seen: unknown[] = []
const one = cache<string>({
  name: 'listed',
  load: async (_, key) => (key === 'absent' ? null : 'value'),
})
// A cache uses these parts of a context only.
const ctx = {
  env: {},
  now: () => new Date(),
  log: { info: (...line: unknown[]) => seen.push(line), error: (...line: unknown[]) => seen.push(line) },
  waitUntil: (work: Promise<unknown>) => void work,
} as unknown as Ctx
const listed = async () => (await listCaches(ctx)).data.find(({ name }) => name === 'listed')

it('a cache shows its hits, misses and the age of its oldest value', async () => {
  expect(await listed()).toMatchObject({ hitRatio: null, entries: 0, oldestSeconds: null })
  for (let read = 0; read < 4; read += 1) await one.read(ctx, 'key')
  expect(await listed()).toMatchObject({
    hits: { isolate: 3, shared: 0 },
    misses: 1,
    loads: 1,
    hitRatio: 0.75,
    rated: true,
    entries: 1,
  })
  expect((await listed())?.oldestSeconds).toBeGreaterThanOrEqual(0)
})

it('an answer that nothing exists counts once in the ratio, as any other', async () => {
  await one.read(ctx, 'absent')
  await one.read(ctx, 'absent')
  expect(await listed()).toMatchObject({ hits: { isolate: 4 }, misses: 2, absent: 2, hitRatio: 4 / 6 })
})

it('says why nothing is known of a shared layer where there is none', async () => {
  expect((await listCaches(ctx)).shared).toEqual({
    layer: 'none',
    skippedUntil: null,
    entries: null,
    bytes: null,
    evictions: null,
    why: expect.stringContaining('Neither Redis nor KV'),
  })
})

it.each([
  ['used_memory', 4_303_544],
  ['evicted_keys', 0],
  ['used_memory_human', null],
  ['memory', null],
  ['empty', null],
])('%s of an answer to INFO is %s', (name, value) => {
  const info =
    '# Memory\r\nused_memory:4303544\r\nused_memory_human:4.10M\r\nempty:\r\n\r\n# Stats\r\nevicted_keys:0\r\n'
  expect(infoField(info, name)).toBe(value)
  expect(infoField(null, name)).toBeNull()
})
