import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

/** A transaction that is older than this is reported while it runs. */
const boundSeconds = 10

type Seen = { seconds: number; text: string }

/** Watches the cluster that all test files share; `stop` gives the longest transaction that had an id. */
export async function watchTransactions(
  url: string,
  { everyMs = 1_000, bound = boundSeconds, print = console.log } = {},
): Promise<{ stop: () => Promise<Seen | null> }> {
  const client = new pg.Client({ connectionString: url, application_name: 'the watch over transactions' })
  client.on('error', () => undefined)
  await client.connect()
  const reported = new Set<string>()
  let longest: Seen | null = null
  let watching = true

  async function look(): Promise<void> {
    const { rows } = await client.query<Seen & { id: string }>(`
      select pid || ' ' || backend_xid as id,
        extract(epoch from clock_timestamp() - xact_start)::float8 as seconds,
        format('%s in %s, %s: %s', application_name, datname, state, left(regexp_replace(query, '\\s+', ' ', 'g'), 200)) as text
      from pg_stat_activity
      where backend_xid is not null
      order by xact_start`)
    for (const { id, seconds, text } of rows) {
      if (seconds > (longest?.seconds ?? 0)) longest = { seconds, text }
      if (seconds < bound || reported.has(id)) continue
      reported.add(id)
      print(`A transaction is open for ${seconds.toFixed(0)} s: ${text}`)
    }
  }

  const watched = (async () => {
    while (watching) {
      await look().catch(() => undefined)
      await delay(everyMs)
    }
  })()
  return {
    async stop() {
      watching = false
      await watched
      await client.end()
      return longest
    },
  }
}
