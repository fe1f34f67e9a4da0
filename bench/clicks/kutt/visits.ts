import pg from 'pg'
import { readAgent } from '../../../functions/clicks/clicks/agent.ts'

/*
 * The visits of Kutt (server/queues/visit.js and server/queries/visit.queries.js): six at a time, each in a transaction that
 * locks the row of the link's hour, and one more statement for the count of the link. The counts by country and referrer are
 * read and written as a whole, as there. It looks up no country.
 */
type Visit = { link: number; userAgent?: string; referrer: string | null }

const database = new pg.Pool({ connectionString: process.argv[2], max: 10 })
const waiting: Visit[] = []
let running = 0

process.on('message', (visit: Visit) => {
  waiting.push(visit)
  next()
})

function next(): void {
  const visit = running < 6 ? waiting.shift() : undefined
  if (visit === undefined) return
  running += 1
  store(visit)
    .catch(() => undefined)
    .finally(() => {
      running -= 1
      next()
    })
}

async function store({ link, userAgent, referrer }: Visit): Promise<void> {
  const browser = readAgent(userAgent ?? '').browser ?? 'other'
  const from = referrer === null ? 'direct' : new URL(referrer).hostname
  await Promise.all([
    database.query('update kutt.links set visit_count = visit_count + 1 where id = $1', [link]),
    inTransaction(async (client) => {
      const { rows } = await client.query(
        `select * from (select v.*, date_trunc('hour', created_at) as hour from kutt.visits v where link_id = $1) visits
        where hour = date_trunc('hour', now()) limit 1 for update`,
        [link],
      )
      const [visit] = rows
      if (visit === undefined)
        await client.query(
          `insert into kutt.visits (link_id, browsers, referrers, total) values ($1, $2, $3, 1)`,
          [link, { [browser]: 1 }, { [from]: 1 }],
        )
      else
        await client.query(
          'update kutt.visits set total = total + 1, browsers = $2, referrers = $3, updated_at = now() where id = $1',
          [visit.id, counted(visit.browsers, browser), counted(visit.referrers, from)],
        )
    }),
  ])
}

function counted(counts: Record<string, number>, name: string): Record<string, number> {
  return { ...counts, [name]: (counts[name] ?? 0) + 1 }
}

async function inTransaction(work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await database.connect()
  try {
    await client.query('begin')
    await work(client)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}
