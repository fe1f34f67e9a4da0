import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { directDb } from '../../dev/postgres/direct-db.ts'
import type { Db } from '../../functions/core/db.ts'
import { pidOf } from './blocking.ts'

/** A verb at work: every statement and every commit of it is one step that the schedule grants. */
export type Actor = (db: Db) => Promise<unknown>

type Scene = {
  actors: Actor[]
  /** The faults after a run, given the answer of each actor; an actor that threw answered its error. */
  check: (answers: unknown[]) => Promise<string[]>
  /** The outcome of the run, in words that can be compared with those of another run. */
  outcome?: (answers: unknown[]) => Promise<string>
}

type Exploration = {
  /** One connection for each actor, as the Worker's role. */
  clients: pg.Client[]
  /** Sees who waits for whom; the owner's. */
  monitor: pg.Client
  /** Arranges each run from scratch. */
  arrange: () => Promise<Scene>
  /** A defect to be found: what becomes of each statement's text. */
  mutate?: (text: string) => string
}

export type Run = {
  /** The actor of each step, as in `0110`. */
  schedule: string
  outcome: string
  /** The faults after it. */
  found: string[]
  /** Steps that had to wait for a lock of the other side. */
  waits: number
}

export type Explored = {
  runs: Run[]
  schedules: number
  waits: number
  /** The first run after which something was wrong. */
  broken: Run | null
}

type Choice = { options: number[]; taken: number }

/**
 * Every order in which the steps of the actors can happen on a real server, one run each. A step that waits for a lock is
 * set aside until the lock is free, as in Postgres' own isolation tests. The tree of choices is walked depth first; a
 * retry adds steps, and so further orders, by itself. `begin` is no step: at read committed it takes neither snapshot nor
 * lock. The commit of a transaction that wrote and locked no row is none either: nobody can see when it happens. Ends at
 * the first order that breaks something.
 */
export async function explore(exploration: Exploration): Promise<Explored> {
  const runs: Run[] = []
  let path: number[] | null = []
  while (path !== null) {
    const { choices, ...run } = await runOnce(exploration, path)
    runs.push(run)
    path = run.found.length > 0 ? null : nextPath(choices)
  }
  const waits = runs.reduce((sum, run) => sum + run.waits, 0)
  return { runs, schedules: runs.length, waits, broken: runs.find(({ found }) => found.length > 0) ?? null }
}

/** One actor finished before the other began. */
export function isSerial({ schedule }: Run): boolean {
  return /^(0*1*|1*0*)$/.test(schedule)
}

/** Depth first: the last choice that can still be made otherwise is, and what follows it is open again. */
function nextPath(choices: Choice[]): number[] | null {
  const at = choices.findLastIndex(({ options, taken }) => options.some((option) => option > taken))
  const choice = choices[at]
  const other = choice?.options.find((option) => option > choice.taken)
  return other === undefined ? null : [...choices.slice(0, at).map(({ taken }) => taken), other]
}

async function runOnce({ clients, monitor, arrange, mutate }: Exploration, path: number[]) {
  const { actors, check, outcome } = await arrange()
  const pids = clients.map(pidOf)
  const sessions = actors.map((actor, at) => openSession({ client: clients[at], actor, mutate }))
  const settled = (at: number) => sessions[at]?.settle(() => isBlocked(monitor, { pid: pids[at], pids }))
  const choices: Choice[] = []
  let waits = 0
  for (;;) {
    for (const at of sessions.keys()) await settled(at)
    if (sessions.every(({ place }) => place() === 'end')) break
    const options = sessions.flatMap(({ place }, at) => (place() === 'barrier' ? [at] : []))
    const taken = path[choices.length] ?? options[0]
    // All wait for each other: Postgres ends one of them before long, and that is an outcome like any other.
    if (taken === undefined) await delay(20)
    if (taken === undefined) continue
    choices.push({ options, taken })
    sessions[taken]?.grant()
    await settled(taken)
    if (sessions[taken]?.place() === 'lock') waits += 1
  }
  const answers = await Promise.all(sessions.map(({ answer }) => answer))
  const schedule = choices.map(({ taken }) => taken).join('')
  return { choices, schedule, waits, found: await check(answers), outcome: (await outcome?.(answers)) ?? '' }
}

/** At its `barrier` it may take its next step; at a `lock` it waits for the other side; at its `end` its verb has answered. */
type Place = 'barrier' | 'under way' | 'lock' | 'end'

type Opening = { client: pg.Client | undefined; actor: Actor; mutate: ((text: string) => string) | undefined }

function openSession({ client, actor, mutate }: Opening) {
  if (client === undefined) throw new Error('Each actor needs a connection of its own')
  let place: Place = 'under way'
  let arrived = Promise.withResolvers<void>()
  let granted = Promise.withResolvers<void>()
  const moveTo = (next: Place) => {
    place = next
    arrived.resolve()
  }
  const barrier = async (before: 'statement' | 'commit') => {
    if (before === 'commit' && !(await hasId(client))) return
    granted = Promise.withResolvers<void>()
    moveTo('barrier')
    await granted.promise
  }
  // Hot statements are called as the Worker calls them. One with a defect is another text, of which no function is made.
  const form = mutate === undefined ? { hotCalls: true } : { mutate }
  const answer = actor(directDb(client, { plannedOnce: true, step: barrier, ...form }))
    .catch((error: unknown) => error)
    .finally(() => moveTo('end'))
  return {
    answer,
    place: () => place,
    grant() {
      arrived = Promise.withResolvers<void>()
      place = 'under way'
      granted.resolve()
    },
    /** Until it is at a barrier, at its end, or waits for a lock that the other side holds. */
    async settle(blocked: () => Promise<boolean>) {
      const onItsWay = () => place === 'under way' || place === 'lock'
      // Most steps are over before the first look.
      while (onItsWay()) {
        await Promise.race([arrived.promise, delay(3)])
        const waits = onItsWay() && (await blocked())
        if (waits && onItsWay()) {
          place = 'lock'
          return
        }
      }
    },
  }
}

/** Postgres gives a transaction an id before it writes or locks its first row. */
async function hasId(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ id: string | null }>({
    name: 'has an id',
    text: 'select pg_current_xact_id_if_assigned() as id',
  })
  return rows[0]?.id !== null
}

async function isBlocked(monitor: pg.Client, { pid, pids }: { pid: number | undefined; pids: number[] }) {
  const { rows } = await monitor.query<{ blocked: boolean }>({
    name: 'is blocked',
    text: 'select pg_isolation_test_session_is_blocked($1, $2) as blocked',
    values: [pid, pids],
  })
  return rows[0]?.blocked === true
}
