import { cache, cacheStatistics } from '../../functions/core/cache.ts'
import { type Ctx, makeContext } from '../../functions/core/context.ts'
import worker from '../../worker.ts'
import { sent } from '../support/sent.ts'

/** The real Worker with a module for the tests of the cache: rows of sample.things, read through four layers. */
export * from '../../worker.ts'

type Thing = { text: string; loaded: string }

/** Counts its loads in Postgres, which is the one place that all isolates share. */
async function load({ db }: Ctx, key: string): Promise<Thing | null> {
  const [row] = await db.query<Thing>(sent`
select text, nextval('sample.loads')::text as loaded
from sample.things
cross join pg_sleep(slow)
where id = ${key}`)
  return row ?? null
}

const caches = {
  quick: cache({ name: 'quick', load, boundMs: 1_000, keepMs: 600_000, shared: true }),
  once: cache({ name: 'once', load, boundMs: 30_000, keepMs: 600_000, shared: true }),
  patient: cache({ name: 'patient', load, boundMs: 5_000, keepMs: 600_000, shared: true }),
  // On a busy machine a crowd takes seconds to arrive, and nobody of it may find the load too old.
  crowd: cache({ name: 'crowd', load, boundMs: 30_000, keepMs: 600_000, shared: true }),
  // A visitor never waits long, as at a redirect.
  visitor: cache({ name: 'visitor', load, boundMs: 3_000, keepMs: 600_000, waitMs: 150, shared: true }),
}

export default {
  ...worker,
  async fetch(request, env, execution) {
    const [, test, name = '', key = ''] = new URL(request.url).pathname.split('/')
    if (test !== 'cache-test') return worker.fetch(request, env, execution)
    const ctx = makeContext(env, { waitUntil: (work) => execution.waitUntil(work) })
    if (name === 'statistics') return Response.json(cacheStatistics(ctx.now()))
    if (name === 'kv') return Response.json((await ctx.env.CACHE?.get(key)) ?? null)
    const one = Object.entries(caches).find(([known]) => known === name)?.[1]
    if (!one) return new Response(null, { status: 404 })
    if (request.method === 'DELETE') one.changed(ctx, key)
    // This request ends before the load that it began.
    if (request.method === 'POST') {
      one.read(ctx, key).catch(() => undefined)
      return new Response(null, { status: 202 })
    }
    try {
      return Response.json(await one.read(ctx, key))
    } catch (error) {
      return Response.json({ error: String(error) }, { status: 503 })
    }
  },
} satisfies ExportedHandler<Record<string, unknown>>
