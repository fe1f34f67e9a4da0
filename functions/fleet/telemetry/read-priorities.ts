import { cache } from '../../core/cache.ts'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Priority } from './thin-samples.ts'

const kept = cache<Record<string, Priority>>({
  name: 'fleet-priorities',
  boundMs: 60_000,
  keepMs: 24 * 60 * 60 * 1_000,
  waitMs: 150,
  async load({ db }) {
    const rows = await db.query<{ name: string; priority: Priority }>(
      named('fleet.read-priorities')`select name, priority from fleet.metrics`,
    )
    return Object.fromEntries(rows.map(({ name, priority }) => [name, priority]))
  },
})

/** The priority of each metric; needed only while samples are thinned. An unknown metric is normal. */
export async function readPriorities(ctx: Ctx): Promise<(metric: string) => Priority> {
  const priorities: Record<string, Priority> = await kept.read(ctx, 'all').then(
    ({ value }) => value ?? {},
    () => ({}),
  )
  return (metric) => (Object.hasOwn(priorities, metric) ? priorities[metric] : undefined) ?? 'normal'
}
