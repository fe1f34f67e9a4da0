import type { SQL } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Db } from '../../functions/core/db.ts'
import { deliverDue, giveUpLate } from '../../functions/core/deliver.ts'
import { outboxOutgoing } from '../../functions/core/outbox.ts'
import { queueDeliveries } from '../../functions/core/queue-deliveries.ts'
import { createWebhook } from '../../functions/webhooks/subscriptions/create.ts'
import { removeWebhook } from '../../functions/webhooks/subscriptions/remove.ts'
import { defectiveDb } from '../support/defective-db.ts'
import { type Manner, type Received, startReceiver, verify } from '../webhooks/receiver.ts'
import { freshEnvironment } from './environment.ts'
import { type Happening, makeCounters, nameOf, outOfOrder, writeMuch } from './writers.ts'

const receiver = await startReceiver()
const { database, ctx } = await freshEnvironment({ maxSessions: 30 })
const admin = database.admin
await makeCounters(database)

const asAdmin = () =>
  ctx({
    principal: { role: 'admin', sub: 'root', tenantId: null },
    bindings: { WEBHOOK_ALLOW: receiver.origin, WEBHOOK_KEY: 'a key that seals the secrets of webhooks' },
  })
const sound = asAdmin()

const bad: Manner[] = [
  'reset',
  ...[500, 503, 400, 404].map((status) => ({ status })),
  { status: 429, headers: { 'retry-after': '60' } },
  { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
]
const any = <T>(values: T[]): T | undefined => values[Math.floor(Math.random() * values.length)]
const good = { status: 200 }

/** How each receiver meets what it gets, one after the other. */
const moods = {
  steady: () => good,
  moody: () => (Math.random() < 0.3 ? (any(bad) ?? good) : good),
  down: () => ({ status: 500 }),
  gone: (nth: number) => (nth < 20 ? good : { status: 410 }),
} satisfies Record<string, (nth: number) => Manner>
type Mood = keyof typeof moods

describe('eight writers, three senders who lose one report in ten, and receivers of every mood', () => {
  it('bring every committed event to a 2xx or to the dead letters with a reason, in order, signed, under one id', async () => {
    const storm = await brew({ listeners: ['steady', 'moody', 'down', 'gone'], transactions: 8 })
    expect(storm.faults).toEqual([])
    expect(storm.ends.steady).toEqual({ delivered: storm.committed })
    expect(storm.ends.moody).toEqual({ delivered: storm.committed })
    expect(storm.ends.down).toEqual({ dead: storm.committed })
    // What was on its way while the first 410 came was asked for, too.
    expect(storm.ends.gone?.['delivered']).toBeLessThanOrEqual(20)
    expect(storm.lostReports).toBeGreaterThan(0)
    console.log(JSON.stringify(storm))
  })

  const without = (part: RegExp, instead = '') =>
    defectiveDb(database, { max: 12, defect: (text) => text.replace(part, instead) })
  const defects: [string, Db, RegExp][] = [
    [
      'queues what is not settled yet',
      without(/\(e\.xid, e\."seq"\) < \(\s+split_part[^)]+\)[^)]+\)[^)]+\)[^)]+\)::bigint\s+\)/g, 'true'),
      /was never queued/,
    ],
    [
      'does not wait for the earlier event of a subject',
      without(/and not exists \(\s+select from core\.webhook_deliveries earlier[^)]+\)/),
      /came out of order/,
    ],
    [
      'claims without a lock',
      without(/(?<=and d\.due_at <= now\(\)\s+order by d\.id)\s+for update skip locked/),
      /more often than reports were lost/,
    ],
  ]

  it.each(defects)('are found out when a sender %s', async (_what, db, found) => {
    const faults: string[] = []
    for (let round = 0; round < 5 && !found.test(faults.join('\n')); round++)
      faults.push(...(await brew({ listeners: ['steady', 'moody'], transactions: 6, db })).faults)
    expect(faults.join('\n')).toMatch(found)
  })
})

type Weather = { listeners: Mood[]; transactions: number; db?: Db }
type Storm = {
  committed: number
  lostReports: number
  /** What became of the deliveries to each, counted by state. */
  ends: Partial<Record<Mood, Record<string, number>>>
  faults: string[]
}

let storms = 0

async function brew({ listeners, transactions, db = sound.db }: Weather): Promise<Storm> {
  storms += 1
  const webhooks = await Promise.all(listeners.map((mood) => subscribe(mood, `/${storms}/${mood}`)))
  const senders = Array.from({ length: 3 }, () => makeSender(db))
  let written = false
  const sending = Promise.all(
    senders.map(async (sender) => {
      while (!written || !(await isQuiet(webhooks))) await sender.round()
    }),
  )
  const committed = await writeMuch(database, transactions)
  written = true
  await sending
  const lostReports = senders.reduce((sum, { lost }) => sum + lost(), 0)
  const faults = await Promise.all(webhooks.map((webhook) => faultsOf(webhook, committed)))
  const ends = await Promise.all(webhooks.map(async ({ id, mood }) => [mood, await endsOf(id)] as const))
  for (const { id } of webhooks) await removeWebhook(sound, { id })
  const repeats = webhooks.reduce((sum, { path }) => sum + repeatsOf(receiver.accepted(path)), 0)
  const tooOften = repeats > lostReports ? [`${repeats} came again, more often than reports were lost`] : []
  return {
    committed: committed.length,
    lostReports,
    ends: Object.fromEntries(ends),
    faults: [...faults.flat(), ...tooOften],
  }
}

type Subscribed = { id: number; secret: string; mood: Mood; path: string }

async function subscribe(mood: Mood, path: string): Promise<Subscribed> {
  receiver.script(path, ...Array.from({ length: 2_000 }, (_, nth) => moods[mood](nth)))
  const created = await createWebhook(sound, {
    url: receiver.origin + path,
    events: ['test.*'],
    description: null,
  })
  if (!created.ok) throw new Error(created.reason)
  return { id: created.webhook.id, secret: created.webhook.secret, mood, path }
}

/** Queues and sends like the Worker's job, but without its lease; and one report in ten is lost, as when it dies. */
function makeSender(db: Db) {
  let claimed: string[] = []
  let lost = 0
  const mortal: Db = {
    ...db,
    async query<Row>(statement: SQL) {
      // The first statement of a round claims, the others report.
      const reports = claimed.length > 0
      if (reports && Math.random() < 0.1) {
        lost += 1
        throw new Error('This sender has died')
      }
      const rows = await db.query<Row>(statement)
      if (!reports) claimed = (rows as { id: string }[]).map(({ id }) => id)
      return rows
    },
  }
  const working = Object.assign(asAdmin(), { db })
  const dying = Object.assign(asAdmin(), { db: mortal })
  return {
    lost: () => lost,
    async round(): Promise<void> {
      await queueDeliveries(working, outboxOutgoing)
      claimed = []
      await deliverDue(dying)
      await admin.query(releaseClaims, [claimed])
      await admin.query(passPauses)
    },
  }
}

const lastOutcome = `(select a.outcome from core.webhook_attempts a where a.delivery_id = d.id and a.number = d.attempts)`

/** As two minutes after the death of who claimed them. */
const releaseClaims = `
  update core.webhook_deliveries d
  set due_at = now()
  where id = any ($1)
    and state = 'waiting'
    and ${lastOutcome} is null`

/** As when all pauses are over: what is on its way stays claimed. */
const passPauses = `
  with unpaused as (update core.webhooks set paused_until = null where paused_until is not null)
  update core.webhook_deliveries d
  set due_at = now()
  where id in (
    select id
    from core.webhook_deliveries d
    where state = 'waiting'
      and due_at > now()
      and ${lastOutcome} is not null
    for update skip locked
  )`

/** Nothing waits, but for those who never answer well: for them, three days have passed. */
async function isQuiet(webhooks: Subscribed[]): Promise<boolean> {
  const waiting = async (moods: Mood[]) => {
    const ids = webhooks.flatMap(({ id, mood }) => (moods.includes(mood) ? [id] : []))
    const { rows } = await admin.query(
      `select count(*)::int as n from core.webhook_deliveries where webhook_id = any ($1) and state = 'waiting'`,
      [ids],
    )
    return Number(rows[0].n)
  }
  const { queued, more } = await queueDeliveries(sound, outboxOutgoing)
  if (queued > 0 || more || (await waiting(['steady', 'moody', 'gone'])) > 0) return false
  await admin.query(`update core.webhook_deliveries set give_up_at = now() where state = 'waiting'`)
  await sound.db.query(giveUpLate())
  return (await waiting(['down'])) === 0
}

type Queued = { event: string; subject: string; n: number; state: string; reason: string | null }

async function faultsOf({ id, mood, path, secret }: Subscribed, committed: Happening[]): Promise<string[]> {
  const { rows } = await admin.query<Queued>(
    `select event_id as event, subject, (body::jsonb -> 'data' ->> 'n')::int as n, state, reason
    from core.webhook_deliveries
    where webhook_id = $1`,
    [id],
  )
  const queued = new Set(rows.map(nameOf))
  const expected = new Set(committed.map(nameOf))
  const accepted = receiver.accepted(path)
  // In the order in which they first came.
  const arrived = new Set(accepted.map((one) => one.id))
  const whole = receiver.at(path).filter(({ manner }) => manner !== 'reset')
  return [
    // One that was told that it is unwanted hears no more.
    ...(mood === 'gone' ? [] : missing(expected, queued).map((name) => `${name} was never queued`)),
    ...missing(queued, expected).map((name) => `${name} never happened`),
    ...(rows.length === queued.size ? [] : ['an event was queued twice']),
    ...rows.flatMap(({ event, state, reason, ...one }) => {
      if (state === 'dead') return reason === null ? [`${nameOf(one)} is dead without a reason`] : []
      return arrived.has(event) ? [] : [`${nameOf(one)} is ${state} and never arrived`]
    }),
    ...outOfOrder([...arrived].flatMap((event) => rows.filter((row) => row.event === event))).map(
      (name) => `${name} came out of order`,
    ),
    ...[...Map.groupBy(whole, (one) => one.id)]
      .filter(([, all]) => new Set(all.map(({ body }) => body)).size > 1)
      .map(([event]) => `${event} came with two bodies`),
    ...whole.flatMap((one) => unsigned(secret, one)),
  ].map((fault) => `${mood}: ${fault}`)
}

function missing(all: Set<string>, among: Set<string>): string[] {
  return [...all].filter((one) => !among.has(one))
}

function unsigned(secret: string, one: Received): string[] {
  try {
    verify(secret, one)
    return []
  } catch (error) {
    return [`${one.id}: ${String(error)}`]
  }
}

function repeatsOf(accepted: Received[]): number {
  return accepted.length - new Set(accepted.map(({ id }) => id)).size
}

async function endsOf(id: number): Promise<Record<string, number>> {
  const { rows } = await admin.query<{ state: string; n: number }>(
    'select state, count(*)::int as n from core.webhook_deliveries where webhook_id = $1 group by state',
    [id],
  )
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
}
