import { cache } from '../../functions/core/cache.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, compare, mustBe } from '../method.ts'

const reads = 100_000
const value = { name: 'a campaign', offers: ['A', 'B'] }

const kept = cache<typeof value>({ name: 'bench_hit', boundMs: 3_600_000, load: async () => value })

/** A hit in the isolate with its counts, beside a bare Map behind a promise. At most 5 µs. */
export const hit: Measurement = async (rig, pace) => {
  const { owner, connect } = await rig.database()
  const [client] = await connect(1)
  if (!client) throw new Error('no connection')
  const ctx = contextOver(client, { role: 'admin', sub: 'bench', tenantId: null })
  const bare = new Map([['k', value]])
  const contender = (name: string, read: () => Promise<unknown>): Contender => ({
    name,
    async turn() {
      const started = performance.now()
      for (let n = 0; n < reads; n += 1) await read()
      return { operations: reads, seconds: (performance.now() - started) / 1_000, latenciesMs: [0] }
    },
    verify: async () => mustBe(kept.statistics(ctx.now()).misses <= 1, true, 'whether all but one read hit'),
  })
  await compare(
    {
      name: 'core hit of a cache',
      unit: 'µs',
      database: owner,
      value: ({ operations, seconds }) => (1e6 * seconds) / operations,
      ours: contender('the cache', async () => (await kept.read(ctx, 'k')).value),
      baseline: contender('a Map', async () => bare.get('k')),
    },
    pace,
  )
}
