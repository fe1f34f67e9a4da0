import { beforeEach, describe, expect, it } from 'vitest'
import { startUpstash } from '../../dev/upstash/server.ts'
import { cache } from '../../functions/core/cache.ts'
import { sharedLayer } from '../../functions/core/shared-layer.ts'
import { atTheEnd } from '../support/at-the-end.ts'
import { brokenCache, clock, heldSource, type Isolate, isolate, logged, settled } from './cache-rig.ts'
import { failure } from './environment.ts'

const upstash = await startUpstash()
atTheEnd(() => upstash.close())
// The first script takes longest, and a call of the cache may take half a second only.
await fetch(upstash.url, {
  method: 'POST',
  headers: { authorization: `Bearer ${upstash.token}` },
  body: JSON.stringify(['EVAL', 'return 1', '0']),
}).then((answer) => answer.text())

/** An isolate of its own: its memory, its view of the shared layer, and the source that all of them have. */
function isolated(source: ReturnType<typeof heldSource>, name: string, maker = cache) {
  const ctx = isolate({ UPSTASH_REDIS_REST_URL: upstash.url, UPSTASH_REDIS_REST_TOKEN: upstash.token })
  const made = maker<{ text: string }, Isolate>({ name, load: source.load, keepMs: 60_000, shared: true })
  return {
    made,
    ctx,
    read: async (key = 'k') => {
      const { value, ...rest } = await made.read(ctx, key)
      return { text: value?.text ?? null, ...rest }
    },
  }
}

let names = 0
const freshName = () => `sample-${++names}`

beforeEach(async () => {
  await settled()
  upstash.faults.clear()
  upstash.commands.length = 0
  logged.length = 0
  // Past the pause after a failure of the test before.
  clock.advance(60_000)
})

describe(`two isolates that share Redis, on ${upstash.kind}`, () => {
  it('load a value once, and its age goes on in the second', async () => {
    const source = heldSource('v1')
    const name = freshName()
    const [one, other] = [isolated(source, name), isolated(source, name)]
    expect(await one.read()).toMatchObject({ text: 'v1', layer: 'source', ageMs: 0 })
    await settled()
    clock.advance(3_000)
    expect(await other.read()).toMatchObject({ text: 'v1', layer: 'shared', ageMs: 3_000, stale: false })
    expect(source.loads).toBe(1)
  })

  it('show a change of the source in both within the bound', async () => {
    const source = heldSource('v1')
    const name = freshName()
    const [one, other] = [isolated(source, name), isolated(source, name)]
    await one.read()
    await settled()
    clock.advance(3_000)
    await other.read()
    source.value = 'v2'
    clock.advance(2_001)
    expect([await one.read(), await other.read()]).toMatchObject([{ text: 'v2' }, { text: 'v2' }])
  })

  it('would show it later if the age began anew with the read of the shared layer', async () => {
    const maker = await brokenCache(
      'cache.ts',
      'entryOf<T>(found.text, found.at)',
      'entryOf<T>(found.text, now)',
    )
    const source = heldSource('v1')
    const name = freshName()
    const [one, other] = [isolated(source, name), isolated(source, name, maker)]
    await one.read()
    await settled()
    clock.advance(3_000)
    await other.read()
    source.value = 'v2'
    clock.advance(2_001)
    expect(await other.read()).toMatchObject({ text: 'v1', stale: false })
  })

  it('keep the newer value in Redis when the older one is written last', async () => {
    expect(await olderWrittenLast(cache)).toBe('v2')
  })

  it('would keep the older one if Redis did not compare', async () => {
    const maker = await brokenCache(
      'shared-layer.ts',
      'if at and at >= tonumber(ARGV[1]) then return 0 end',
      '',
    )
    expect(await olderWrittenLast(maker)).toBe('v1')
  })

  it('show an old value of Redis as stale while the source is out', async () => {
    const source = heldSource('v1')
    const name = freshName()
    await isolated(source, name).read()
    await settled()
    source.out = true
    clock.advance(30_000)
    expect(await isolated(source, name).read()).toMatchObject({ text: 'v1', stale: true, ageMs: 30_000 })
    clock.advance(30_001)
    expect(await failure(isolated(source, name).read())).toEqual(new Error('the source is out'))
  })

  it('do not revive what the source has deleted, although the absence has expired', async () => {
    const source = heldSource('v1')
    const name = freshName()
    const [one, other] = [isolated(source, name), isolated(source, name)]
    await one.read()
    await settled()
    source.value = null
    one.made.changed(one.ctx, 'k')
    clock.advance(1)
    expect(await one.read()).toMatchObject({ text: null })
    await settled()
    clock.advance(1_001)
    expect(await one.read()).toMatchObject({ text: null })
    expect(await other.read()).toMatchObject({ text: null })
  })

  it('write no absence that replaces no value', async () => {
    const name = freshName()
    const isolates = [isolated(heldSource(null), name), isolated(heldSource(null), name)]
    for (const seconds of [0, 2, 120]) {
      clock.advance(seconds * 1_000)
      for (const one of isolates) expect(await one.read()).toMatchObject({ text: null, layer: 'source' })
      await settled()
    }
    expect(upstash.commands.filter((command) => command.startsWith('EVAL'))).toEqual([])
  })

  it('use no value from the future, whose age nobody can tell', async () => {
    const source = heldSource('v1')
    const name = freshName()
    const [one, other] = [isolated(source, name), isolated(source, name)]
    clock.advance(10_000)
    await one.read()
    await settled()
    clock.advance(-10_000)
    expect(await other.read()).toMatchObject({ layer: 'source', ageMs: 0 })
    clock.advance(10_000)
  })
})

/** The first isolate loads v1 and hangs, the second loads v2 and writes it, then the first writes. */
async function olderWrittenLast(maker: typeof cache): Promise<string | null> {
  const source = heldSource('v1')
  source.held = true
  const name = freshName()
  const [one, other] = [isolated(source, name, maker), isolated(source, name, maker)]
  const slow = one.read()
  await expect.poll(() => source.pending.length).toBe(1)
  clock.advance(10)
  source.value = 'v2'
  const quick = other.read()
  await expect.poll(() => source.pending.length).toBe(2)
  source.pending[1]?.land()
  await quick
  await expect.poll(() => upstash.commands.filter((text) => text.startsWith('EVAL')).length).toBe(1)
  source.pending[0]?.land()
  await slow
  await settled()
  return (await isolated(source, name).read()).text
}

describe('a layer that fails', () => {
  it.each(['refuse', 'reset', 'truncate', 'blackhole'] as const)(
    'by %s is skipped for ten seconds, and then used again',
    async (fault) => {
      const source = heldSource('v1')
      const one = isolated(source, freshName())
      upstash.faults.set({ [fault]: 1 })
      expect(await one.read('a')).toMatchObject({ text: 'v1', layer: 'source' })
      await settled()
      expect(logged).toEqual(['shared cache'])
      upstash.commands.length = 0
      clock.advance(9_999)
      await one.read('b')
      await settled()
      expect(upstash.commands).toEqual([])
      upstash.faults.clear()
      clock.advance(1)
      await one.read('c')
      await settled()
      expect(upstash.commands.map((text) => text.split(' ')[0])).toEqual(['GET', 'EVAL'])
    },
  )

  it('would be asked by every reader without the pause', async () => {
    const maker = await brokenCache('shared-layer.ts', 'const skipMs = 10_000', 'const skipMs = 0')
    const one = isolated(heldSource('v1'), freshName(), maker)
    upstash.faults.set({ refuse: 1 })
    for (const key of ['a', 'b', 'c']) await one.read(key)
    await settled()
    expect(upstash.commands).toHaveLength(6)
  })
})

it('writes nothing to the shared layer that is larger than it takes', async () => {
  const source = heldSource('x'.repeat(1_000_000))
  await isolated(source, freshName()).read()
  await settled()
  expect(upstash.commands.map((text) => text.split(' ')[0])).toEqual(['GET'])
})

describe('what the operator sees of the layer', () => {
  const shown = (one: ReturnType<typeof isolated>) => {
    const layer = sharedLayer(one.ctx.env)
    if (layer === null) throw new Error('No layer is configured')
    return { size: () => layer.size(one.ctx), skippedUntil: () => layer.skippedUntil(clock.ms) }
  }

  it('is the number of its keys, and its size where Redis reports it', async () => {
    const one = isolated(heldSource('v1'), freshName())
    const { size } = shown(one)
    const before = await size()
    await one.read()
    await settled()
    const after = await size()
    expect(after.entries).toBe((before.entries ?? Number.NaN) + 1)
    const isReported = upstash.kind === 'redis-server'
    expect([after.bytes, after.evictions].map((figure) => figure !== null)).toEqual([isReported, isReported])
    expect(after.why === null).toBe(isReported)
  })

  it('is null with the reason while it fails, and asking does not make readers skip it', async () => {
    const one = isolated(heldSource('v1'), freshName())
    const { size, skippedUntil } = shown(one)
    upstash.faults.set({ refuse: 1 })
    const unknown = { entries: null, bytes: null, evictions: null }
    expect(await size()).toEqual({ ...unknown, why: expect.stringContaining('Redis did not report it') })
    expect(skippedUntil()).toBeNull()
    await one.read()
    await settled()
    expect(skippedUntil()).toBe(clock.ms + 10_000)
  })
})
