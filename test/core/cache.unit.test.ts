import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { cache, cacheStatistics } from '../../functions/core/cache.ts'
import { brokenCache, clock, heldSource, type Isolate, isolate, logged, settled } from './cache-rig.ts'
import { failure } from './environment.ts'

const ctx = isolate()

type Options = { boundMs?: number; keepMs?: number; waitMs?: number; maxBytes?: number }

function make(source: ReturnType<typeof heldSource>, options: Options = {}, maker = cache) {
  const made = maker<{ text: string }, Isolate>({
    name: 'sample',
    load: source.load,
    keepMs: 60_000,
    ...options,
  })
  const read = async () => {
    const { value, ...rest } = await made.read(ctx, 'k')
    return { text: value?.text ?? null, ...rest }
  }
  return { read, made }
}

beforeEach(async () => {
  await settled()
  logged.length = 0
})

async function readersOfColdKey(maker = cache): Promise<number> {
  const source = heldSource('v1')
  source.held = true
  const { read } = make(source, {}, maker)
  const reads = Array.from({ length: 500 }, read)
  for (const load of source.pending) load.land()
  const answers = await Promise.all(reads)
  expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['v1']))
  return source.loads
}

/** A load reads v1, the source changes, the load lands late. Read after the bound since that change. */
async function changeDuringLoad(maker = cache) {
  const source = heldSource('v1')
  source.held = true
  const { read } = make(source, {}, maker)
  const first = read()
  clock.advance(1)
  source.value = 'v2'
  clock.advance(4_000)
  source.pending[0]?.land()
  await first
  source.held = false
  source.out = true
  clock.advance(1_001)
  return read()
}

/** A load hangs past the bound, the next one lands v2, then the first lands v1. */
async function olderLandsLast(maker = cache) {
  const source = heldSource('v1')
  source.held = true
  const { read } = make(source, {}, maker)
  const first = read()
  clock.advance(5_001)
  source.value = 'v2'
  const second = read()
  source.pending[1]?.land()
  await second
  source.pending[0]?.land()
  await first
  source.out = true
  return read()
}

describe('a cold key', () => {
  it('is loaded once for five hundred readers', async () => {
    expect(await readersOfColdKey()).toBe(1)
  })

  it('is loaded by each reader when readers do not join the load under way', async () => {
    const maker = await brokenCache(
      'cache.ts',
      'if (current && startedAt - current.startedAt < boundMs) return current',
      '',
    )
    expect(await readersOfColdKey(maker)).toBe(500)
  })

  it('passes the error of its load to all readers, and loads anew for the next', async () => {
    const source = heldSource('v1')
    source.out = true
    const { read } = make(source)
    expect(await Promise.all([failure(read()), failure(read())])).toEqual([
      new Error('the source is out'),
      new Error('the source is out'),
    ])
    source.out = false
    expect(await read()).toMatchObject({ text: 'v1', stale: false })
    expect(source.loads).toBe(2)
  })

  it('is loaded by another reader when the first load never ends', async () => {
    const source = heldSource('v1')
    source.held = true
    const { read } = make(source)
    void read().catch(() => undefined)
    source.held = false
    clock.advance(5_001)
    expect(await read()).toMatchObject({ text: 'v1', layer: 'source' })
    source.pending[0]?.land()
  })

  it('ends with 503 within the bound when its load hangs', async () => {
    const source = heldSource('v1')
    source.held = true
    const { read } = make(source, { boundMs: 20 })
    expect(await failure(read())).toMatchObject({ code: 'unavailable' })
    source.pending[0]?.land()
  })
})

describe('the age of an answer', () => {
  it('counts from before the load, so a change during the load is shown within the bound', async () => {
    expect(await changeDuringLoad()).toMatchObject({ text: 'v1', stale: true, ageMs: 5_002 })
  })

  it('would hide a change for longer when it counted from the end of the load', async () => {
    const maker = await brokenCache('cache.ts', 'entryOf<T>(text, at)', 'entryOf<T>(text, clock(ctx))')
    expect(await changeDuringLoad(maker)).toMatchObject({ text: 'v1', stale: false, ageMs: 1_001 })
  })

  it('makes the answer of a load that took longer than the bound stale', async () => {
    const source = heldSource('v1')
    source.held = true
    const { read } = make(source)
    const slow = read()
    clock.advance(6_000)
    source.pending[0]?.land()
    expect(await slow).toMatchObject({ stale: true, ageMs: 6_000 })
  })

  it('is never above keepMs, not even for the readers of a load that took longer', async () => {
    const source = heldSource('v1')
    source.held = true
    const { read } = make(source, { keepMs: 6_000 })
    const slow = read()
    clock.advance(6_001)
    source.pending[0]?.land()
    expect(await failure(slow)).toMatchObject({ code: 'unavailable' })
  })

  it('is renewed behind a reader after half the bound, and before it by nobody', async () => {
    const source = heldSource('v1')
    const { read } = make(source)
    await read()
    clock.advance(2_500)
    await read()
    expect(source.loads).toBe(1)
    clock.advance(1)
    source.value = 'v2'
    expect(await read()).toMatchObject({ text: 'v1', layer: 'isolate', stale: false })
    await settled()
    expect(await read()).toMatchObject({ text: 'v2', ageMs: 0, layer: 'isolate' })
    expect(source.loads).toBe(2)
  })
})

describe('an older value', () => {
  it('does not replace a newer one when its load lands last', async () => {
    expect(await olderLandsLast()).toMatchObject({ text: 'v2' })
  })

  it('would replace it without the comparison of births', async () => {
    const maker = await brokenCache(
      'cache.ts',
      'if (held && (held.at > entry.at',
      'if (false && held && (held.at > entry.at',
    )
    expect(await olderLandsLast(maker)).toMatchObject({ text: 'v1' })
  })

  it('is not fresh any more in the isolate that changed the source, although the clock stands still', async () => {
    const source = heldSource('v1')
    const { read, made } = make(source)
    await read()
    source.value = 'v2'
    made.changed(ctx, 'k')
    expect(await read()).toMatchObject({ text: 'v2', stale: false })
  })

  it('is not the answer after waitMs either: a reader waits for the new value up to the bound', async () => {
    const source = heldSource('v1')
    const { read, made } = make(source, { waitMs: 5, boundMs: 60_000 })
    await read()
    source.value = 'v2'
    source.held = true
    made.changed(ctx, 'k')
    const after = read()
    await new Promise((resolve) => setTimeout(resolve, 50))
    source.pending[0]?.land()
    expect(await after).toMatchObject({ text: 'v2', stale: false })
  })

  it('is the stale answer when the source is silent for the whole bound', async () => {
    const source = heldSource('v1')
    const { read, made } = make(source, { waitMs: 5, boundMs: 50 })
    await read()
    source.held = true
    made.changed(ctx, 'k')
    expect(await read()).toMatchObject({ text: 'v1', stale: true })
    source.pending[0]?.land()
  })

  it('of a load that began before the change is not fresh either', async () => {
    const source = heldSource('v1')
    source.held = true
    const { read, made } = make(source)
    const before = read()
    source.value = 'v2'
    made.changed(ctx, 'k')
    const after = read()
    for (const load of source.pending) load.land()
    await before
    expect(await after).toMatchObject({ text: 'v2' })
    expect(await read()).toMatchObject({ text: 'v2', stale: false })
  })
})

describe('while the source is out', () => {
  it('old values are stale up to keepMs, then the error shows, and the source comes back', async () => {
    const source = heldSource('v1')
    const { read } = make(source, { keepMs: 20_000 })
    await read()
    source.out = true
    clock.advance(5_001)
    expect(await read()).toMatchObject({ text: 'v1', stale: true, ageMs: 5_001 })
    clock.advance(14_999)
    expect(await read()).toMatchObject({ text: 'v1', stale: true })
    clock.advance(1)
    expect(await failure(read())).toEqual(new Error('the source is out'))
    source.out = false
    source.value = 'v2'
    expect(await read()).toMatchObject({ text: 'v2', stale: false })
  })

  it('readers of an old value cause one load a second', async () => {
    const source = heldSource('v1')
    const { read } = make(source)
    await read()
    source.out = true
    clock.advance(5_001)
    for (let n = 0; n < 10; n += 1) await read()
    expect(source.loads).toBe(2)
    clock.advance(1_000)
    await read()
    expect(source.loads).toBe(3)
  })

  it('a reader waits no longer than waitMs for a hanging source, and then gets the old value', async () => {
    const source = heldSource('v1')
    const { read } = make(source, { waitMs: 20 })
    await read()
    clock.advance(5_001)
    source.held = true
    source.value = 'v2'
    expect(await read()).toMatchObject({ text: 'v1', stale: true, layer: 'isolate' })
    source.pending[0]?.land()
    await settled()
    expect(await read()).toMatchObject({ text: 'v2', stale: false })
  })

  it('readers of an old value wait for a hanging source once together, not each anew', async () => {
    const source = heldSource('v1')
    const { read } = make(source, { waitMs: 200 })
    await read()
    clock.advance(5_001)
    source.held = true
    const order: string[] = []
    const first = read().then(() => order.push('first'))
    clock.advance(200)
    const second = read().then(() => order.push('second'))
    await Promise.all([first, second])
    expect(order).toEqual(['second', 'first'])
    source.pending[0]?.land()
  })

  it('a reader gets the new value when the source answers within waitMs', async () => {
    const source = heldSource('v1')
    const { read } = make(source, { waitMs: 2_000 })
    await read()
    clock.advance(5_001)
    source.value = 'v2'
    expect(await read()).toMatchObject({ text: 'v2', stale: false, layer: 'source' })
  })
})

describe('absence', () => {
  it('is kept for a second', async () => {
    const source = heldSource(null)
    const { read } = make(source)
    expect(await read()).toMatchObject({ text: null, layer: 'source' })
    source.value = 'born'
    clock.advance(500)
    expect(await read()).toMatchObject({ text: null, layer: 'isolate', stale: false })
    clock.advance(501)
    expect(await read()).toMatchObject({ text: 'born', stale: false })
  })
})

describe('the memory of an isolate', () => {
  it('evicts what was read longest ago, and never holds more than maxBytes', async () => {
    const load = async (_ctx: Isolate, key: string) => ({ text: key.repeat(100) })
    const made = cache({ name: 'small', load, maxBytes: 2_000, boundMs: 5_000 })
    for (const key of ['a', 'b', 'c', 'd']) await made.read(ctx, key)
    await made.read(ctx, 'a')
    await made.read(ctx, 'e')
    const layers: Record<string, string> = {}
    for (const key of ['a', 'e', 'b']) layers[key] = (await made.read(ctx, key)).layer
    expect(layers).toEqual({ a: 'isolate', e: 'isolate', b: 'source' })
    expect(made.statistics(ctx.now())).toMatchObject({ evictions: 2, entries: 4 })
    expect(made.statistics(ctx.now()).bytes).toBeLessThanOrEqual(2_000)
  })

  it('holds no value that is larger than all of it', async () => {
    const made = cache({
      name: 'tiny',
      load: async (_ctx: Isolate) => ({ text: 'x'.repeat(5_000) }),
      maxBytes: 2_000,
    })
    await made.read(ctx, 'k')
    expect(made.statistics(ctx.now())).toMatchObject({ entries: 0, bytes: 0 })
  })

  it('gives all readers one frozen value', async () => {
    const { made } = make(heldSource('v1'))
    const { value } = await made.read(ctx, 'k')
    expect(() => Object.assign(value ?? {}, { text: 'spoilt' })).toThrow(TypeError)
  })
})

it('counts hits, misses, stale and absent answers, errors, loads and ages', async () => {
  const source = heldSource('v1')
  const { read, made } = make(source)
  await read()
  await read()
  source.held = true
  clock.advance(5_001)
  const slow = read()
  clock.advance(300)
  source.pending[0]?.land()
  await slow
  source.held = false
  source.out = true
  clock.advance(5_001)
  await read()
  expect(made.statistics(ctx.now())).toEqual({
    name: 'sample',
    rated: true,
    hits: { isolate: 1, shared: 0 },
    misses: 2,
    stale: 1,
    absent: 0,
    errors: 0,
    loads: 3,
    loadP95Ms: 300,
    evictions: 0,
    entries: 1,
    bytes: expect.any(Number),
    oldestMs: 5_301,
  })
  expect(cacheStatistics(ctx.now())).toContainEqual(made.statistics(ctx.now()))
})

type Step = {
  do: 'read' | 'write' | 'land' | 'fail' | 'changed' | 'out' | 'back'
  after: number
  pick: number
}

const steps = fc.array(
  fc.record({
    do: fc.constantFrom<Step['do'][]>(
      ...(['read', 'read', 'read', 'write', 'land', 'land', 'changed', 'fail', 'out', 'back'] as const),
    ),
    after: fc.integer({ min: 0, max: 3_000 }),
    pick: fc.nat(),
  }),
  { minLength: 40, maxLength: 80, size: 'max' },
)

/**
 * Runs random reads, writes and loads on one isolate, and returns the answers that break the guarantee. The history of
 * the source has the moment at which each value ended.
 */
async function breaches(list: Step[], maker = cache): Promise<string[]> {
  const source = heldSource('0')
  source.held = true
  const { read, made } = make(source, { keepMs: 20_000 }, maker)
  const until = new Map<number, number>()
  const found: string[] = []
  const reads: Promise<unknown>[] = []
  let [version, newest] = [0, -1]
  for (const step of list) {
    clock.advance(step.after)
    if (step.do === 'write') {
      until.set(version, clock.ms)
      version += 1
      source.value = String(version)
    }
    if (step.do === 'changed') made.changed(ctx, 'k')
    if (step.do === 'out') source.out = true
    if (step.do === 'back') source.out = false
    if (step.do === 'land' || step.do === 'fail')
      source.pending.splice(step.pick % Math.max(1, source.pending.length), 1)[0]?.[step.do]()
    if (step.do === 'read')
      reads.push(
        read().then(
          ({ text, stale, ageMs }) => {
            const shown = Number(text)
            const oldMs = clock.ms - (until.get(shown) ?? clock.ms)
            if (!stale && oldMs > 5_000) found.push(`${shown} is ${oldMs} ms out of date and not stale`)
            if (ageMs < oldMs) found.push(`${shown} is ${oldMs} ms out of date and says ${ageMs}`)
            if (ageMs > 20_000) found.push(`${shown} is ${ageMs} ms old and kept`)
            if (shown < newest) found.push(`${shown} after ${newest}`)
            newest = Math.max(newest, shown)
            return shown
          },
          () => undefined,
        ),
      )
    // Everything that can go on without a step of the source goes on.
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  }
  for (const load of source.pending) load.land()
  await Promise.all(reads)
  return found
}

describe('under any order of reads, writes, outages and late loads', () => {
  it('no answer is older than it says, none goes back, and an old one is stale', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        expect(await breaches(list)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['the age begins after the load', 'entryOf<T>(text, at)', 'entryOf<T>(text, clock(ctx))'],
    [
      'an older value may replace a newer one',
      'if (held && (held.at > entry.at',
      'if (false && held && (held.at > entry.at',
    ],
    [
      'an old value is not said to be stale',
      'return !isOutdated(key, entry) && ageOf(entry, now) <= boundOf(entry)',
      'return true',
    ],
  ])('the check notices when %s', async (_fault, from, to) => {
    const maker = await brokenCache('cache.ts', from, to)
    const result = await fc.check(
      fc.asyncProperty(steps, async (list) => (await breaches(list, maker)).length === 0),
      { numRuns: 500 },
    )
    expect(result.failed).toBe(true)
  })
})
