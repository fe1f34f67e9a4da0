import type pg from 'pg'
import type { TestDatabase } from '../support/database.ts'
import { times } from './environment.ts'

/** The nth change of a subject, and the event of it. */
export type Happening = { subject: string; n: number; ownXid: string }

export async function makeCounters({ admin }: TestDatabase): Promise<void> {
  await admin.query('create table counters (subject text primary key, n int not null default 0)')
  await admin.query('grant select, insert, update on counters to lockstep_app')
}

const writers = 8

/** Lets a transaction stay open until others have ended, as long as there are others. */
function makeCommits() {
  let ended = 0
  let active = 0
  let holding = 0
  const waiting = new Set<() => void>()
  const changed = () => {
    for (const check of waiting) check()
  }
  return {
    begin() {
      active += 1
    },
    end() {
      ended += 1
      active -= 1
      changed()
    },
    async hold(): Promise<void> {
      const enough = ended + 1 + Math.floor(Math.random() * 4)
      holding += 1
      await new Promise<void>((resolve) => {
        const check = () => {
          // When all who are left hold, nobody would ever commit.
          if (ended < enough && active > holding) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        changed()
      })
      holding -= 1
    },
  }
}

/** Eight writers: every other one in transactions that stay open while others commit, one in twenty rolled back. */
export async function writeMuch(database: TestDatabase, transactions: number): Promise<Happening[]> {
  const commits = makeCommits()
  const committed: Happening[] = []
  await times(writers, async (writer) => {
    const client = await database.connect(database.workerUrl)
    for (let nth = 0; nth < transactions; nth++) {
      const hold = () => (writer % 2 === 0 ? undefined : commits.hold())
      commits.begin()
      await client.query('begin')
      const events: Happening[] = []
      // The id is taken before the wait for the row, as an idempotency key does it.
      if (nth % 3 === 0) await client.query('select pg_current_xact_id()')
      if (nth % 3 === 0) await hold()
      if (nth % 3 < 2) events.push(await happen(client, `shared:${nth % 5}`))
      else {
        events.push(await happen(client, `own:${writer}`))
        await hold()
        events.push(await happen(client, `own:${writer}`))
      }
      const rolledBack = Math.random() < 0.05
      await client.query(rolledBack ? 'rollback' : 'commit')
      if (!rolledBack) committed.push(...events)
      commits.end()
    }
  })
  return committed
}

export async function happen(client: pg.Client, subject: string): Promise<Happening> {
  const { rows } = await client.query<{ n: number; own: string }>(
    `with changed as (
      insert into counters as c (subject, n) values ($1, 1)
      on conflict (subject) do update set n = c.n + 1
      returning n
    ),
    told as (
      insert into core.outbox (topic, subject, type, data)
      select 'test', $1, 'test.happened', jsonb_build_object('n', n, 'ownXid', pg_current_xact_id()::text)
      from changed
    )
    select n, pg_current_xact_id()::text as own from changed`,
    [subject],
  )
  const [row] = rows
  if (!row) throw new Error('The change answered no row')
  return { subject, n: row.n, ownXid: row.own }
}

export const nameOf = ({ subject, n }: Pick<Happening, 'subject' | 'n'>) => `${subject}#${n}`

/** Events of a subject whose number is not above the one before. */
export function outOfOrder(events: Pick<Happening, 'subject' | 'n'>[]): string[] {
  const last = new Map<string, number>()
  return events
    .filter(({ subject, n }) => {
      const before = last.get(subject) ?? 0
      last.set(subject, Math.max(before, n))
      return n <= before
    })
    .map(nameOf)
}
