import type { Ctx } from '../../core/context.ts'
import type { Watch } from '../../core/watch.ts'
import { readWatched } from '../alerts/read-watched.ts'
import type { Queue, Queues } from './contract.ts'

type Row = { name: string; depth: string | null; oldest_seconds: number | null; per_minute: number | null }

/** Everything that waits, in the order of the rows: feeds, deliveries, queues, parked and unfolded things. */
export async function listQueues(ctx: Ctx, watches: readonly Watch[]): Promise<Queues> {
  const asked = watches.flatMap((watch) =>
    (watch.queues ?? []).map(({ kind, queues }) => ({ watch, kind, queues })),
  )
  const asOf = ctx.now().toISOString()
  const answers = await readWatched<Row>(
    ctx,
    asked.map(({ watch, kind, queues }) => ({ watch, verb: `ops.queues-${kind}`, statement: queues(ctx) })),
  )
  const data = asked.flatMap(({ kind }, at): Queue[] => {
    const answer = answers[at]
    if (answer?.ok !== true)
      return [
        {
          name: kind,
          kind,
          depth: null,
          oldestSeconds: null,
          perMinute: null,
          drainSeconds: null,
          why: answer?.why ?? 'not read',
        },
      ]
    return answer.rows.map((row) => shown(kind, row))
  })
  return { asOf, data, nextCursor: null }
}

function shown(kind: Queue['kind'], { name, depth, oldest_seconds, per_minute }: Row): Queue {
  const waiting = depth === null ? null : Number(depth)
  return {
    name,
    kind,
    depth: waiting,
    oldestSeconds: oldest_seconds,
    perMinute: per_minute,
    drainSeconds: drainSeconds(waiting, per_minute),
    why: null,
  }
}

function drainSeconds(depth: number | null, perMinute: number | null): number | null {
  if (depth === 0) return 0
  return depth === null || perMinute === null || perMinute === 0 ? null : (depth / perMinute) * 60
}
