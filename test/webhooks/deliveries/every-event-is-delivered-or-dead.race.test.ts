import { describe, expect, it } from 'vitest'
import type { Db } from '../../../functions/core/db.ts'
import type { Statement } from '../../../functions/core/named.ts'
import { outboxOutgoing } from '../../../functions/core/outbox.ts'
import { deliverDue } from '../../../functions/webhooks/deliveries/deliver-due.ts'
import { fanOut } from '../../../functions/webhooks/deliveries/fan-out.ts'
import { giveUpLate } from '../../../functions/webhooks/deliveries/give-up-late.ts'
import { createWebhook } from '../../../functions/webhooks/subscriptions/create.ts'
import { removeWebhook } from '../../../functions/webhooks/subscriptions/remove.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { type Happening, makeCounters, nameOf, outOfOrder, writeMuch } from '../../core/writers.ts'
import { defectiveDb } from '../../support/defective-db.ts'
import { type Manner, type Received, startReceiver, verify } from '../support/receiver.ts'

const receiver = await startReceiver()
const { database, ctx } = await freshEnvironment({ maxSessions: 30 })
const admin = database.admin
await makeCounters(database)

const asAdmin = () =>
  ctx({
    principal: { role: 'admin', sub: 'root', tenantId: null },
    bindings: { WEBHOOK_ALLOW: receiver.origin, WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks' },
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

/** How a receiver of each kind answers its n-th request. */
const kinds = {
  steady: () => good,
  unreliable: () => (Math.random() < 0.3 ? (any(bad) ?? good) : good),
  down: () => ({ status: 500 }),
  gone: (nth: number) => (nth < 20 ? good : { status: 410 }),
} satisfies Record<string, (nth: number) => Manner>
type Kind = keyof typeof kinds

describe('eight writers, three senders that lose one report in ten, and receivers of every kind', () => {
  it('end with every committed event delivered or dead with a reason, in order, signed, under one id', async () => {
    const storm = await runStorm({ receivers: ['steady', 'unreliable', 'down', 'gone'], transactions: 8 })
    expect(storm.faults).toEqual([])
    expect(storm.ends.steady).toEqual({ delivered: storm.committed })
    expect(storm.ends.unreliable).toEqual({ delivered: storm.committed })
    expect(storm.ends.down).toEqual({ dead: storm.committed })
    // Events that were being sent during the first 410 may have arrived before it.
    expect(storm.ends.gone?.['delivered']).toBeLessThanOrEqual(20)
    expect(storm.lostReports).toBeGreaterThan(0)
    console.log(JSON.stringify(storm))
  })

  const without = (part: RegExp, instead = '') =>
    defectiveDb(database, { max: 12, defect: (text) => text.replace(part, instead) })
  const defects: [string, Db, RegExp][] = [
    [
      'queues events beyond the horizon',
      without(/\(e\.xid, e\."seq"\) < \(\s+split_part[^)]+\)[^)]+\)[^)]+\)[^)]+\)::bigint\s+\)/g, 'true'),
      /was never queued/,
    ],
    [
      'does not wait for the earlier event of a subject',
      without(/and not exists \(\s+select from webhooks\.webhook_deliveries earlier[^)]+\)/),
      /came out of order/,
    ],
    [
      'claims without a lock',
      without(/(?<=and d\.due_at <= now\(\)\s+order by d\.id)\s+for update skip locked/),
      /more often than reports were lost/,
    ],
  ]

  it.each(defects)('reveal a sender that %s', async (_, db, found) => {
    const faults: string[] = []
    for (let round = 0; round < 25 && !found.test(faults.join('\n')); round++)
      faults.push(...(await runStorm({ receivers: ['steady', 'unreliable'], transactions: 6, db })).faults)
    expect(faults.join('\n')).toMatch(found)
  })
})

type Setting = { receivers: Kind[]; transactions: number; db?: Db }
type Storm = {
  committed: number
  lostReports: number
  /** The deliveries to each receiver, counted by state. */
  ends: Partial<Record<Kind, Record<string, number>>>
  faults: string[]
}

let storms = 0

async function runStorm({ receivers, transactions, db = sound.db }: Setting): Promise<Storm> {
  storms += 1
  const webhooks = await Promise.all(receivers.map((kind) => subscribe(kind, `/${storms}/${kind}`)))
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
  const ends = await Promise.all(webhooks.map(async ({ id, kind }) => [kind, await endsOf(id)] as const))
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

type Subscribed = { id: number; secret: string; kind: Kind; path: string }

async function subscribe(kind: Kind, path: string): Promise<Subscribed> {
  receiver.script(path, ...Array.from({ length: 2_000 }, (_, nth) => kinds[kind](nth)))
  const created = await createWebhook(sound, {
    url: receiver.origin + path,
    events: ['test.*'],
    description: null,
  })
  if (!created.ok) throw new Error(created.reason)
  return { id: created.webhook.id, secret: created.webhook.secret, kind, path }
}

/** Queues and sends like the Worker's job, but without its lease. It loses one report in ten, as if it had died. */
function makeSender(db: Db) {
  let claimed: string[] = []
  let lost = 0
  const mortal: Db = {
    ...db,
    async query<Row>(statement: Statement) {
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
      await fanOut(working, outboxOutgoing)
      claimed = []
      await deliverDue(dying)
      await admin.query(releaseClaims, [claimed])
      await admin.query(passPauses)
    },
  }
}

const lastOutcome = `(select a.outcome from webhooks.webhook_attempts a where a.delivery_id = d.id and a.number = d.attempts)`

/** As two minutes after the death of the sender that claimed them. */
const releaseClaims = `
  update webhooks.webhook_deliveries d
  set due_at = now()
  where id = any ($1)
    and state = 'waiting'
    and ${lastOutcome} is null`

/** As when all pauses are over. Deliveries that are being sent stay claimed. */
const passPauses = `
  with unpaused as (update webhooks.webhooks set paused_until = null where paused_until is not null)
  update webhooks.webhook_deliveries d
  set due_at = now()
  where id in (
    select id
    from webhooks.webhook_deliveries d
    where state = 'waiting'
      and due_at > now()
      and ${lastOutcome} is not null
    for update skip locked
  )`

/** Nothing waits. For the receiver that is always down, three days have passed. */
async function isQuiet(webhooks: Subscribed[]): Promise<boolean> {
  const waiting = async (kinds: Kind[]) => {
    const ids = webhooks.flatMap(({ id, kind }) => (kinds.includes(kind) ? [id] : []))
    const { rows } = await admin.query(
      `select count(*)::int as n from webhooks.webhook_deliveries where webhook_id = any ($1) and state = 'waiting'`,
      [ids],
    )
    return Number(rows[0].n)
  }
  const { queued, more } = await fanOut(sound, outboxOutgoing)
  if (queued > 0 || more || (await waiting(['steady', 'unreliable', 'gone'])) > 0) return false
  await admin.query(`update webhooks.webhook_deliveries set give_up_at = now() where state = 'waiting'`)
  await sound.db.query(giveUpLate())
  return (await waiting(['down'])) === 0
}

type Queued = { event: string; subject: string; n: number; state: string; reason: string | null }

async function faultsOf({ id, kind, path, secret }: Subscribed, committed: Happening[]): Promise<string[]> {
  const { rows } = await admin.query<Queued>(
    `select event_id as event, subject, (body::jsonb -> 'data' ->> 'n')::int as n, state, reason
    from webhooks.webhook_deliveries
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
    // A webhook that answered 410 receives no further events.
    ...(kind === 'gone' ? [] : missing(expected, queued).map((name) => `${name} was never queued`)),
    ...missing(queued, expected).map((name) => `${name} was never committed`),
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
  ].map((fault) => `${kind}: ${fault}`)
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
    'select state, count(*)::int as n from webhooks.webhook_deliveries where webhook_id = $1 group by state',
    [id],
  )
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
}
