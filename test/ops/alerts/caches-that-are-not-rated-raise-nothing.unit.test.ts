import { expect, it } from 'vitest'
import { cache } from '../../../functions/core/cache.ts'
import type { Ctx } from '../../../functions/core/context.ts'
import { metricRules } from '../../../functions/ops/metrics/watch.ts'

cache<string>({ name: 'of_minutes', load: async () => 'value' })
cache<string>({ name: 'of_seconds', load: async () => 'value', rated: false })

/** A gatherer that counted a hundred reads of each cache in five minutes, all of them misses. */
const series = ['of_minutes', 'of_seconds'].map((name) => [
  `cache_requests_total\t${name}\tsource\tmiss`,
  [100],
  [100],
])
const now = Date.now()
const read = async () => ({ asOf: now, since: now, isolates: 1, silent: 0, open: 0, heardAt: now, series })
const errors: unknown[] = []
const ctx = {
  env: { METRICS: { idFromName: () => null, get: () => ({ read }) } },
  now: () => new Date(now),
  log: { error: (...line: unknown[]) => void errors.push(line) },
} as unknown as Ctx

it('the hit ratio of a cache is watched, unless the cache says that its reads are rarer than its bound', async () => {
  const rule = metricRules.find(({ name }) => name === 'cache_hits')
  if (rule === undefined || !('read' in rule)) throw new Error('The rule is missing')
  expect(await rule.read(ctx)).toEqual([{ labels: { cache: 'of_minutes' }, value: 0 }])
  expect(errors).toEqual([])
})
