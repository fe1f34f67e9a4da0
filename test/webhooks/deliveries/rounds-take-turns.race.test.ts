import type pg from 'pg'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { takeLease } from '../../../functions/core/lease.ts'
import { outboxOutgoing } from '../../../functions/core/outbox.ts'
import { deliverDue } from '../../../functions/webhooks/deliveries/deliver-due.ts'
import { fanOut } from '../../../functions/webhooks/deliveries/fan-out.ts'
import { giveUpLate } from '../../../functions/webhooks/deliveries/give-up-late.ts'
import { readDelivery } from '../../../functions/webhooks/deliveries/read.ts'
import { removeOldDeliveries } from '../../../functions/webhooks/deliveries/remove-old.ts'
import { replayDeliveries } from '../../../functions/webhooks/deliveries/replay.ts'
import { reportAttempt } from '../../../functions/webhooks/deliveries/report-attempt.ts'
import { runDeliveries } from '../../../functions/webhooks/deliveries/run.ts'
import type { NextStep } from '../../../functions/webhooks/rules.ts'
import { createWebhook } from '../../../functions/webhooks/subscriptions/create.ts'
import { editWebhook } from '../../../functions/webhooks/subscriptions/edit.ts'
import { removeWebhook } from '../../../functions/webhooks/subscriptions/remove.ts'
import { rotateSecret } from '../../../functions/webhooks/subscriptions/rotate.ts'
import { failure, freshEnvironment } from '../../core/environment.ts'
import { meets } from '../../support/blocking.ts'
import { defectiveDb } from '../../support/defective-db.ts'
import { explain } from '../../support/explain.ts'
import { soon } from '../../support/soon.ts'
import { startReceiver } from '../support/receiver.ts'

const receiver = await startReceiver()
const { database, ctx } = await freshEnvironment()
const admin = database.admin
const bindings = {
  WEBHOOK_ALLOW: receiver.origin,
  WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
  WEBHOOK_LINGER_SECONDS: '0',
}
const asAdmin = () => ctx({ principal: { role: 'admin', sub: 'root', tenantId: null }, bindings })
const asStore = (id: number) => ctx({ principal: { role: 'store', sub: String(id), id }, bindings })
const one = asAdmin()

let paths = 0
beforeEach(async () => {
  await admin.query(
    'truncate webhooks.webhook_attempts, webhooks.webhook_deliveries, webhooks.webhooks, core.outbox, core.feed_positions, core.leases restart identity cascade',
  )
})

async function webhook(by = one, events = ['*']): Promise<{ id: number; path: string }> {
  paths += 1
  const path = `/${paths}`
  const url = receiver.origin + path
  const created = await createWebhook(by, { url, events, description: null })
  if (!created.ok) throw new Error(created.reason)
  return { id: created.webhook.id, path }
}

const event = (type: string, { subject = type, audience = null as string | null } = {}) =>
  admin.query(
    `insert into core.outbox (topic, audience, subject, type, data) values ('test', $1, $2, $3, '{}')`,
    [audience, subject, type],
  )

type Given = {
  subject?: string
  due?: string
  giveUp?: string
  state?: 'waiting' | 'delivered'
  attempts?: number
}

let given = 0
async function delivery(webhookId: number, more: Given = {}): Promise<number> {
  given += 1
  const {
    subject = `s:${given}`,
    due = '-1 second',
    giveUp = '3 days',
    state = 'waiting',
    attempts = 0,
  } = more
  const { rows } = await admin.query(
    `insert into webhooks.webhook_deliveries
      (webhook_id, event_id, subject, type, body, state, attempts, due_at, give_up_at, finished_at)
    values ($1, $2, $3, 'x.y', '{}', $4::text, $5, now() + $6::interval, now() + $7::interval,
      case when $4::text <> 'waiting' then now() end)
    returning id::int`,
    [webhookId, `evt_${given}`, subject, state, attempts, due, giveUp],
  )
  return rows[0].id
}

/** A fan-out reads from the beginning, another reader begins, and a third one goes on where that one is. */
async function overtaken(reading: typeof one) {
  const { id } = await webhook()
  await event('a.first')
  await event('a.second')
  const second = `insert into webhooks.webhook_deliveries (webhook_id, event_id, subject, type, body, give_up_at)
    select ${id}, 'evt_outbox_' || max(seq), 'x', 'a.second', '{}', now() from core.outbox`
  return holding(second, async (keeper) => {
    // It has queued the first event, and waits for the second one, which the keeper has queued but will take back.
    const late = fanOut(reading, outboxOutgoing)
    await meets(keeper, late, admin)
    const others = admin
      .query(
        `insert into core.feed_positions (name, xid, seq) values ('webhooks:outbox', '0', 0) on conflict do nothing`,
      )
      .then(() => fanOut(reading, outboxOutgoing))
    const both = Promise.all([late, others])
    await Promise.race([both, untilWaiters(2)])
    await keeper.query('rollback')
    return both
  })
}

async function untilWaiters(count: number): Promise<void> {
  const waiting = `select from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`
  await vi.waitUntil(async () => (await admin.query(waiting)).rowCount === count, soon)
}

const deliveries = async () =>
  (
    await admin.query(
      `select id::int, state, reason, attempts, type, webhook_id::int as webhook,
        round(extract(epoch from due_at - now()))::int as due
      from webhooks.webhook_deliveries order by id`,
    )
  ).rows
const states = async () => (await deliveries()).map(({ state }) => state)

async function holding<T>(statement: string, work: (keeper: pg.Client) => Promise<T>): Promise<T> {
  const keeper = await database.connect()
  await keeper.query('begin')
  await keeper.query(statement)
  try {
    return await work(keeper)
  } finally {
    await keeper.query('rollback')
  }
}

describe('a fan-out', () => {
  it('waits for another one that moves the cursor, and queues nothing that the other has read', async () => {
    await webhook()
    await fanOut(one, outboxOutgoing)
    await event('a.first')
    await admin.query(
      `insert into core.feed_positions (name, xid, seq) values ('webhooks:outbox', '0', 0) on conflict do nothing`,
    )
    const moved = `update core.feed_positions p set (xid, seq) = (select e.xid, e.seq from core.outbox e)
      where p.name = 'webhooks:outbox'`
    await holding(moved, async (keeper) => {
      const queued = fanOut(one, outboxOutgoing)
      await meets(keeper, queued, admin)
      await keeper.query('commit')
      expect(await queued).toEqual({ queued: 0, more: false })
    })
  })

  it('accepts that another one, the first of all, has queued the event before it', async () => {
    const { id } = await webhook()
    await event('a.first')
    const queued = `insert into webhooks.webhook_deliveries (webhook_id, event_id, subject, type, body, give_up_at)
      select ${id}, 'evt_outbox_' || seq, subject, type, '{}', now() from core.outbox`
    await holding(queued, async (keeper) => {
      const second = fanOut(one, outboxOutgoing)
      await meets(keeper, second, admin)
      await keeper.query('commit')
      expect(await second).toEqual({ queued: 0, more: false })
    })
  })

  it('ends although it read the beginning of the feed before the first reader of all had a cursor', async () => {
    expect(await overtaken(one)).toMatchObject([{ queued: 2 }, { queued: 0 }])
  })

  it('shows two that wait for each other when a reader begins without a cursor', async () => {
    const careless = defective((text) =>
      text
        .replace(`values ($1, '0', 0)`, `select $1::text, '0', 0 where false`)
        .replace(
          /(?<=> \()(\(select xid from reader\)), (\(select seq from reader\))/,
          `coalesce($1, '0'), coalesce($2, 0)`,
        ),
    )
    expect(await failure(overtaken(Object.assign(asAdmin(), { db: careless })))).toMatchObject({
      sqlstate: '40P01',
    })
  })

  it('names an event once for a webhook that was edited to name it twice', async () => {
    const { id } = await webhook()
    const edited = await editWebhook(one, { id, version: 1, change: { events: ['a.b', 'a.*', 'a.b'] } })
    expect(edited).toMatchObject({ ok: true, value: { events: ['a.b', 'a.*'] } })
  })

  it('queues for each webhook the events that it subscribes to, from its creation on', async () => {
    await event('a.before')
    const [every, some, disabled, removed] = [
      await webhook(),
      await webhook(one, ['b.*']),
      await webhook(),
      await webhook(),
    ]
    await editWebhook(one, { id: disabled.id, version: 1, change: { enabled: false } })
    await removeWebhook(one, { id: removed.id })
    await event('a.one')
    await event('b.two')
    expect(await fanOut(one, outboxOutgoing)).toEqual({ queued: 3, more: false })
    expect((await deliveries()).map(({ webhook: id, type }) => [id, type])).toEqual([
      [every.id, 'a.one'],
      [every.id, 'b.two'],
      [some.id, 'b.two'],
    ])
  })

  it('continues from its cursor, and without a webhook moves it to the newest event', async () => {
    const { id } = await webhook()
    await event('a.one')
    await fanOut(one, outboxOutgoing)
    await removeWebhook(one, { id })
    await event('a.two')
    await fanOut(one, outboxOutgoing)
    const reached = `select from core.feed_positions p join core.outbox e using (xid, seq)
      where p.name = 'webhooks:outbox' and e.type = 'a.two'`
    expect((await admin.query(reached)).rowCount).toBe(1)
  })

  it('does not pass an event that commits later', async () => {
    await webhook()
    const late = `insert into core.outbox (topic, subject, type, data) values ('test', 's', 'a.late', '{}')`
    await holding(late, async (keeper) => {
      await event('a.early')
      await fanOut(one, outboxOutgoing)
      await keeper.query('commit')
    })
    await fanOut(one, outboxOutgoing)
    expect((await deliveries()).map(({ type }) => type)).toEqual(['a.late', 'a.early'])
  })
})

describe('a round', () => {
  it('skips a delivery that another sender claims, without waiting', async () => {
    const id = await delivery((await webhook()).id)
    const claim = `update webhooks.webhook_deliveries set due_at = now() + interval '2 minutes' where id = ${id}`
    expect(await holding(claim, () => deliverDue(one))).toEqual({ claimed: 0, delivered: 0 })
  })

  it('skips a delivery that another sender claimed between its snapshot and its lock', async () => {
    const id = await delivery((await webhook()).id)
    const claim = `update webhooks.webhook_deliveries set due_at = now() + interval '2 minutes' where id = ${id}`
    await holding('select pg_advisory_xact_lock(4712)', async (keeper) => {
      const round = deliverDue(Object.assign(asAdmin(), { db: pausing }))
      await meets(keeper, round, admin)
      await admin.query(claim)
      await keeper.query('commit')
      expect(await round).toEqual({ claimed: 0, delivered: 0 })
    })
  })

  it('sends the first delivery of a subject, and the others wait for it', async () => {
    const { id } = await webhook()
    for (const subject of ['a', 'a', 'a', 'b']) await delivery(id, { subject })
    expect(await deliverDue(one)).toEqual({ claimed: 2, delivered: 2 })
    expect(await states()).toEqual(['delivered', 'waiting', 'waiting', 'delivered'])
  })

  it('is shared by owners: the older deliveries of one do not fill it', async () => {
    const [many, few] = [asStore(1), asStore(2)]
    const { id: theirs } = await webhook(few)
    for (let nth = 0; nth < 4; nth += 1) await delivery(theirs)
    const ours = []
    for (let nth = 0; nth < 6; nth += 1) ours.push((await webhook(many)).id)
    for (const id of ours) for (let nth = 0; nth < 6; nth += 1) await delivery(id, { due: '-1 hour' })
    // Half of thirty for one owner, and all that the other has.
    expect(await deliverDue(one)).toEqual({ claimed: 19, delivered: 19 })
    expect((await deliveries()).filter(({ webhook: id }) => id === theirs)).toMatchObject(
      Array.from({ length: 4 }, () => ({ state: 'delivered' })),
    )
  })

  it('is full although one owner has all that is due', async () => {
    for (let nth = 0; nth < 6; nth += 1) {
      const { id } = await webhook()
      for (let more = 0; more < 6; more += 1) await delivery(id)
    }
    expect(await deliverDue(one)).toEqual({ claimed: 30, delivered: 30 })
  })

  it('sends nothing for a webhook that is paused or disabled', async () => {
    const [paused, disabled] = [await webhook(), await webhook()]
    await admin.query(`update webhooks.webhooks set paused_until = now() + interval '1 hour' where id = $1`, [
      paused.id,
    ])
    await delivery(paused.id)
    await delivery(disabled.id)
    await editWebhook(one, { id: disabled.id, version: 1, change: { enabled: false } })
    expect(await deliverDue(one)).toEqual({ claimed: 0, delivered: 0 })
  })

  it('makes one attempt for a webhook that keeps failing', async () => {
    const { id } = await webhook()
    await admin.query('update webhooks.webhooks set failures = 5, failing_since = now()')
    for (const subject of ['a', 'b', 'c']) await delivery(id, { subject })
    expect(await deliverDue(one)).toEqual({ claimed: 1, delivered: 1 })
    expect((await admin.query('select failures, failing_since from webhooks.webhooks')).rows).toEqual([
      { failures: 0, failing_since: null },
    ])
  })

  it('signs with the secret before a rotation until the overlap ends', async () => {
    const { id, path } = await webhook()
    await rotateSecret(one, { id, overlapHours: 1 })
    await delivery(id)
    await deliverDue(one)
    await admin.query(`update webhooks.webhooks set old_secret_until = now() - interval '1 second'`)
    await delivery(id)
    await deliverDue(one)
    const signatures = receiver.at(path).map(({ headers }) => headers['webhook-signature']?.split(' ').length)
    expect(signatures).toEqual([2, 1])
  })

  it('leaves a delivery due again after two minutes when its report is lost', async () => {
    await delivery((await webhook()).id)
    const lossy = defective((text) => (text.includes('with tried as') ? 'select 1/0' : text))
    expect(await deliverDue(Object.assign(asAdmin(), { db: lossy }))).toEqual({ claimed: 1, delivered: 0 })
    const [{ state, due }] = await deliveries()
    expect(state).toBe('waiting')
    expect(due).toBeGreaterThan(90)
    expect(due).toBeLessThanOrEqual(120)
  })

  it('does not sign with a secret that was copied from another owner', async () => {
    const [theirs, ours] = [await webhook(asStore(1)), await webhook(asStore(2))]
    await admin.query(
      'update webhooks.webhooks set secret = (select w.secret from webhooks.webhooks w where w.id = $1) where id = $2',
      [theirs.id, ours.id],
    )
    await delivery(ours.id)
    await delivery(theirs.id)
    expect(await deliverDue(one)).toEqual({ claimed: 2, delivered: 1 })
    expect(receiver.at(ours.path)).toEqual([])
  })
})

const gate = 4712
await admin.query(`
  create function public.pause() returns boolean language plpgsql as $$
  begin
    perform pg_advisory_xact_lock_shared(${gate});
    return true;
  end $$`)
const defective = (defect: (text: string) => string) => defectiveDb(database, { max: 2, defect })
const pausing = defective((text) =>
  text.replace('where d.id in (select id from due)', 'where public.pause() and d.id in (select id from due)'),
)

describe('a report', () => {
  const failed: NextStep = { state: 'waiting', afterMs: 3_600_000 }
  const dead: NextStep = { state: 'dead', reason: 'refused (400)' }
  const arrived: NextStep = { state: 'delivered' }
  const report = (
    deliveryId: number,
    webhookId: number,
    number: number,
    step: NextStep,
    outcome = 'refused',
  ) =>
    one.db.query(
      reportAttempt(
        { deliveryId: String(deliveryId), webhookId: String(webhookId), number },
        { outcome: outcome as 'refused', status: 400, tookMs: 1 },
        step,
      ),
    )

  it('of an earlier attempt does not delay or end a delivery that was claimed again', async () => {
    const { id } = await webhook()
    const claimed = await delivery(id, { attempts: 2, due: '2 minutes' })
    const due = async () => (await admin.query('select due_at from webhooks.webhook_deliveries')).rows
    const before = await due()
    for (const step of [failed, dead]) await report(claimed, id, 1, step)
    expect([await states(), await due()]).toEqual([['waiting'], before])
  })

  it('of an earlier attempt that arrived ends the delivery, and no later failure reopens it', async () => {
    const { id } = await webhook()
    const claimed = await delivery(id, { attempts: 2 })
    await report(claimed, id, 1, arrived, 'delivered')
    for (const step of [failed, dead]) await report(claimed, id, 2, step)
    expect(await deliveries()).toMatchObject([{ state: 'delivered', reason: null }])
  })

  it('that a receiver is gone does not end a delivery in flight that arrives after it', async () => {
    const { id } = await webhook()
    const gone = await delivery(id, { attempts: 1 })
    const inFlight = await delivery(id, { attempts: 1 })
    await report(gone, id, 1, { state: 'dead', reason: 'gone (410)' }, 'gone')
    await report(inFlight, id, 1, failed)
    expect(await states()).toEqual(['dead', 'dead'])
    await report(inFlight, id, 1, arrived, 'delivered')
    expect((await deliveries()).map(({ state, reason }) => [state, reason])).toEqual([
      ['dead', 'gone (410)'],
      ['delivered', null],
    ])
  })

  it('that a receiver is gone locks its deliveries in the order of their ids', async () => {
    const { id } = await webhook()
    // An index in the order of `due_at` has the first one last.
    const first = await delivery(id, { due: '1 hour', subject: 'z' })
    const second = await delivery(id, { subject: 'a' })
    const gone = await delivery(id, { attempts: 1 })
    await holding(
      `select from webhooks.webhook_deliveries where id = ${first} for update`,
      async (keeper) => {
        const reported = report(gone, id, 1, { state: 'dead', reason: 'gone (410)' }, 'gone')
        await meets(keeper, reported, admin)
        const free = 'select from webhooks.webhook_deliveries where id = $1 for update skip locked'
        expect((await admin.query(free, [second])).rowCount).toBe(1)
        await keeper.query('rollback')
        await reported
      },
    )
    expect(await states()).toEqual(['dead', 'dead', 'dead'])
  })

  it('that a receiver is gone ends the deliveries of its webhook only', async () => {
    const [gone, alive] = [await webhook(), await webhook()]
    const first = await delivery(gone.id, { attempts: 1 })
    await delivery(gone.id)
    await delivery(alive.id)
    await report(first, gone.id, 1, { state: 'dead', reason: 'gone (410)' }, 'gone')
    expect(await states()).toEqual(['dead', 'dead', 'waiting'])
  })
})

describe('a replay by the owner', () => {
  const all = { only: 'all', to: undefined } as const

  it('of dead ones leaves a delivery that arrives while it waits', async () => {
    const { id } = await webhook()
    const dead = await delivery(id, { state: 'delivered' })
    await admin.query(`update webhooks.webhook_deliveries set state = 'dead', reason = 'x' where id = $1`, [
      dead,
    ])
    const arrived = `update webhooks.webhook_deliveries set state = 'delivered', reason = null where id = ${dead}`
    await holding(arrived, async (keeper) => {
      const replayed = replayDeliveries(one, { id, from: `evt_${given}`, ...all, only: 'dead' })
      await meets(keeper, replayed, admin)
      await keeper.query('commit')
      expect(await replayed).toMatchObject({ ok: true, requeued: 0 })
    })
    expect(await states()).toEqual(['delivered'])
  })

  it('of an old delivery keeps it, although its removal begins meanwhile', async () => {
    const { id } = await webhook()
    const old = await delivery(id, { state: 'delivered' })
    await admin.query(
      `update webhooks.webhook_deliveries set created_at = now() - interval '40 days', finished_at = now() - interval '40 days'`,
    )
    const replayed = `update webhooks.webhook_deliveries set state = 'waiting', finished_at = null where id = ${old}`
    await holding(replayed, async (keeper) => {
      const removed = one.db.query(removeOldDeliveries())
      // It may wait for the replay or pass the delivery over.
      await meets(keeper, removed, admin)
      await keeper.query('commit')
      await removed
    })
    expect(await states()).toEqual(['waiting'])
  })
})

describe('a delivery that waited behind another for three days', () => {
  it('is dead with the reason, and no other delivery is', async () => {
    const { id } = await webhook()
    await delivery(id, { subject: 'a', giveUp: '1 hour' })
    await delivery(id, { subject: 'a', giveUp: '-1 second' })
    await delivery(id, { giveUp: '-1 second', due: '1 minute' })
    await delivery(id, { giveUp: '-1 second', state: 'delivered' })
    await one.db.query(giveUpLate())
    expect((await deliveries()).map(({ state, reason }) => [state, reason])).toEqual([
      ['waiting', null],
      ['dead', 'not delivered within three days'],
      ['waiting', null],
      ['delivered', null],
    ])
  })

  it('does not make the run wait while a sender holds it', async () => {
    const { id } = await webhook()
    const held = await delivery(id, { giveUp: '-1 second' })
    await delivery(id, { giveUp: '-1 second' })
    const lock = `select from webhooks.webhook_deliveries where id = ${held} for update`
    await holding(lock, () => one.db.query(giveUpLate()))
    expect(await states()).toEqual(['waiting', 'dead'])
  })

  it('is queued while its webhook is disabled, and has three days once it is enabled', async () => {
    const { id, path } = await webhook()
    await editWebhook(one, { id, version: 1, change: { enabled: false } })
    const queued = await delivery(id, { giveUp: '-1 day' })
    await one.db.query(giveUpLate())
    expect(await states()).toEqual(['waiting'])
    await editWebhook(one, { id, version: 2, change: { enabled: true } })
    await one.db.query(giveUpLate())
    const shown = await readDelivery(one, { id, deliveryId: queued })
    expect(Math.round((Date.parse(shown?.giveUpAt ?? '') - Date.now()) / 3_600_000)).toBe(72)
    receiver.script(path, { status: 503 })
    expect(await deliverDue(one)).toEqual({ claimed: 1, delivered: 0 })
    expect(await states()).toEqual(['waiting'])
  })

  it('gets no new days from an edit of a webhook that is enabled already', async () => {
    const { id } = await webhook()
    await delivery(id, { giveUp: '-1 second' })
    await editWebhook(one, { id, version: 1, change: { enabled: true } })
    await one.db.query(giveUpLate())
    expect(await states()).toEqual(['dead'])
  })

  it('ends although its webhook was disabled, once that is removed', async () => {
    const { id } = await webhook()
    await editWebhook(one, { id, version: 1, change: { enabled: false } })
    await delivery(id, { giveUp: '-1 day' })
    await removeWebhook(one, { id })
    await one.db.query(giveUpLate())
    expect(await states()).toEqual(['dead'])
  })

  it('costs a run what expires, and not what waits', async () => {
    const { id } = await webhook()
    await admin.query(
      `insert into webhooks.webhook_deliveries (webhook_id, event_id, subject, type, body, give_up_at)
      select $1, 'evt_many_' || n, 's:' || n, 'x.y', '{}', now() + interval '1 day' from generate_series(1, 3000) n`,
      [id],
    )
    await delivery(id, { giveUp: '-1 second' })
    await admin.query('analyze webhooks.webhook_deliveries')
    const client = await database.connect()
    await client.query('begin')
    const plan = JSON.stringify((await explain(client, giveUpLate())).rows)
    await client.query('rollback')
    expect(plan).toContain('"Index Name":"idx_webhook_deliveries_expiry"')
    expect(plan).not.toMatch(/"Node Type":"Seq Scan"[^{}]*"Relation Name":"webhook_deliveries"/)
  })

  it('ends at the start of a run', async () => {
    await delivery((await webhook()).id, { giveUp: '-1 second' })
    const lease = await takeLease(one, 'core-webhooks')
    if (lease === null) throw new Error('The lease is held')
    await runDeliveries(one, lease, [outboxOutgoing])
    expect(await states()).toEqual(['dead'])
  })
})

it('a run whose lease another run took makes no second round', async () => {
  const { id } = await webhook()
  for (const subject of ['a', 'a', 'a']) await delivery(id, { subject })
  const lease = await takeLease(one, 'core-webhooks')
  if (lease === null) throw new Error('The lease is held')
  await admin.query('update core.leases set fence = fence + 1')
  expect(await failure(runDeliveries(one, lease, [outboxOutgoing]))).toMatchObject({ sqlstate: 'LS012' })
  expect(await states()).toEqual(['delivered', 'waiting', 'waiting'])
})

it('a removed webhook leaves no secret', async () => {
  const { id } = await webhook()
  await removeWebhook(one, { id })
  const { rows } = await admin.query('select secret, old_secret from webhooks.webhooks')
  expect(rows).toEqual([{ secret: '', old_secret: null }])
})
