import { v7 } from 'uuid'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { ClickItem, EventItem } from '../../../functions/clicks/clicks/item.ts'
import { matchEvents } from '../../../functions/clicks/clicks/match-events.ts'
import { storeClicks } from '../../../functions/clicks/clicks/store.ts'
import { clicksQueue } from '../../../functions/clicks/queue.ts'
import { consume, storing } from '../../../functions/core/consume.ts'
import type { Db } from '../../../functions/core/db.ts'
import { readAccounting } from '../../../functions/core/ingest-accounting.ts'
import { meetAt } from '../../core/barrier.ts'
import { freshEnvironment, times } from '../../core/environment.ts'
import { delivered, shuffled, sumOf } from '../../core/probe/isolate.ts'
import { defectiveDb } from '../../support/defective-db.ts'
import { givenCampaign } from '../support/given.ts'
import { clickAt, messagesOf, type TestMessage } from '../support/items.ts'
import { wrongQuarters, wrongTotals } from '../support/recount.ts'

const environment = await freshEnvironment()
const { admin } = environment.database

beforeEach(async () => {
  await admin.query(`truncate clicks.clicks, clicks.visitors, clicks.campaign_stats, clicks.campaign_counts, clicks.unfolded, clicks.events,
    clicks.parked_events,
    core.ingest_messages, core.ingest_sources, core.ingest_minutes, core.dead_messages`)
})

/** Clicks of few visitors over an hour, so that many share a visitor and a quarter. */
async function clicks(count: number): Promise<ClickItem[]> {
  const campaigns = [await givenCampaign(admin), await givenCampaign(admin)]
  const now = Date.now()
  return Array.from({ length: count }, (_, at) => {
    const { id, offers } = campaigns[at % 2] ?? { id: 0, offers: [] }
    const kind = at % 11 === 0 ? 'preview' : at % 13 === 0 ? 'fallback' : 'click'
    return clickAt(new Date(now - at * 9_000), id, {
      kind,
      offer: offers[0] ?? null,
      key: at % 5 === 0 ? null : `visitor-${at % 17}`,
      bot: at % 7 === 0 ? 'Googlebot' : null,
      asn: at % 3 === 0 ? 24940 : 3320,
    })
  })
}

/** One delivery; a message that must be delivered again is. */
async function deliver(messages: readonly TestMessage[]): Promise<void> {
  let left: readonly TestMessage[] = messages
  while (left.length > 0) {
    const fates = await consume(
      environment.ctx(),
      clicksQueue,
      left.map((body) => delivered(body)),
    )
    left = left.filter((_, at) => fates[at] !== 'done')
  }
}

async function eachOf(messages: readonly TestMessage[]): Promise<void> {
  for (const message of messages) await deliver([message])
}

async function sums() {
  const all = { from: new Date(0), to: new Date('2100-01-01') }
  return sumOf((await readAccounting(environment.ctx(), 'clicks', all)).minutes)
}

async function stored(): Promise<number> {
  return (await admin.query('select count(*)::int as n from clicks.clicks')).rows[0].n
}

describe('a batch of clicks', () => {
  it('that is delivered 50 times at once, shuffled, is stored and counted once', async () => {
    const items = await clicks(100)
    const messages = messagesOf(items)
    await times(50, () => deliver(shuffled(messages, Math.random)))
    expect(await stored()).toBe(items.length)
    expect(await wrongQuarters(admin)).toEqual([])
    expect(await wrongTotals(admin)).toEqual([])
    expect(await sums()).toMatchObject({
      answered: items.length,
      stored: items.length,
      duplicate: 0,
      rejected: 0,
    })
  })

  it('whose consumers are killed at every step is stored and counted once', async () => {
    const items = await clicks(400)
    const messages = shuffled(messagesOf(items, { size: 10 }), Math.random)
    const { faults } = environment.proxy
    onTestFinished(() => faults.clear())
    // Killed before the statement, during it, and between its commit and the acknowledgement.
    faults.set({ reset: 0.15, cutDuring: 0.2, cutAfterCommit: 0.2, match: 'clicks.store' })
    const { counts } = faults
    do await times(8, (at) => eachOf(messages.filter((_, of) => of % 4 === at % 4)))
    while (counts.reset === 0 || counts.cutDuring === 0 || counts.cutAfterCommit === 0)
    faults.clear()
    expect(await stored()).toBe(items.length)
    expect(await wrongQuarters(admin)).toEqual([])
    expect(await wrongTotals(admin)).toEqual([])
    expect(await sums()).toMatchObject({ answered: items.length, stored: items.length })
  })

  it('of one visitor in two consumers at once has one unique click', async () => {
    const { id } = await givenCampaign(admin)
    const now = Date.now()
    const messages = Array.from({ length: 40 }, () =>
      messagesOf([clickAt(new Date(now), id, { key: 'one' })]),
    )
    await Promise.all(messages.map(deliver))
    const { rows } = await admin.query(
      `select count(*) filter (where is_unique)::int as uniques,
        array_agg((facts ->> 'clicksToday')::int order by (facts ->> 'clicksToday')::int) as numbers
      from clicks.clicks`,
    )
    expect(rows[0]).toEqual({ uniques: 1, numbers: Array.from({ length: 40 }, (_, at) => at + 1) })
  })

  it('for a month without a partition gets one on the spot', async () => {
    const { id } = await givenCampaign(admin)
    const { rows } = await admin.query(
      `select inhrelid::regclass::text as partition from pg_inherits where inhparent = 'clicks.clicks'::regclass`,
    )
    for (const { partition } of rows) await admin.query(`drop table ${partition}`)
    await deliver(messagesOf([clickAt(new Date(), id)]))
    expect(await stored()).toBe(1)
  })

  it('with a click of an unknown campaign and an item of no kind rejects both and stores the rest', async () => {
    const { id } = await givenCampaign(admin)
    const good = clickAt(new Date(), id)
    await deliver(messagesOf([good, clickAt(new Date(), 999_999), { kind: 'nothing' }, good]))
    expect(await sums()).toMatchObject({ answered: 4, stored: 1, duplicate: 1, rejected: 2 })
  })

  it('with a click that is stored under another number counts it as a duplicate', async () => {
    const { id } = await givenCampaign(admin)
    const [one, two] = [clickAt(new Date(), id), clickAt(new Date(), id)]
    await deliver(messagesOf([one]))
    await deliver(messagesOf([one, two]))
    expect(await sums()).toMatchObject({ answered: 3, stored: 2, duplicate: 1 })
    expect(await wrongQuarters(admin)).toEqual([])
  })

  it('with a faulty click keeps its message as a dead letter and stores the others', async () => {
    const { id } = await givenCampaign(admin)
    const messages = [
      ...messagesOf([clickAt(new Date(), id)]),
      ...messagesOf([{ ...clickAt(new Date(), id), prefix: 'no network' }]),
    ]
    await deliver(messages)
    expect(await sums()).toMatchObject({ answered: 2, stored: 1, dead: 1 })
    const { rows } = await admin.query('select reason from core.dead_messages')
    expect(rows[0].reason).toMatch(/^22P02/)
  })
})

describe('an event of a link', () => {
  const eventOf = (click: ClickItem, more: Partial<EventItem> = {}): EventItem => ({
    kind: 'event',
    id: v7(),
    click: click.id,
    campaign: click.campaign,
    type: 'offer_click',
    data: { offerId: 1 },
    ...more,
  })
  const events = async () =>
    (await admin.query('select click_id from clicks.events order by id')).rows.map(({ click_id: id }) => id)
  const parked = async () =>
    (await admin.query('select click_id from clicks.parked_events order by id')).rows.map(
      ({ click_id: id }) => id,
    )
  const aMinuteLater = async () => {
    await admin.query('update clicks.parked_events set due_at = now()')
    const [row] = await environment.ctx().db.query<{ outcome: object }>(matchEvents())
    return row?.outcome
  }

  it('is stored for a click of its campaign, which may be in the same batch, and is refused for any other', async () => {
    const [ours, theirs] = [await givenCampaign(admin), await givenCampaign(admin, { owner: 'partner:p-1' })]
    const [one, two] = [clickAt(new Date(), ours.id), clickAt(new Date(), theirs.id)]
    await deliver(messagesOf([one, two, eventOf(one)]))
    const random = crypto.randomUUID()
    const old = v7({ msecs: Date.now() - 25 * 3_600_000 })
    await deliver(
      messagesOf([
        eventOf(two),
        eventOf(two, { campaign: ours.id }),
        eventOf(one, { click: random }),
        eventOf(one, { click: old }),
      ]),
    )
    expect(await events()).toHaveLength(2)
    expect(new Set(await events())).toEqual(new Set([one.id, two.id]))
    expect(await parked()).toEqual([])
    expect(await sums()).toMatchObject({ answered: 7, stored: 4, duplicate: 0, rejected: 3 })
  })

  it('that comes before its click waits for it, and is stored once', async () => {
    const { id } = await givenCampaign(admin)
    const click = clickAt(new Date(), id)
    const event = eventOf(click)
    for (let at = 0; at < 2; at += 1) await deliver(messagesOf([event]))
    expect([await events(), await parked()]).toEqual([[], [click.id]])
    expect(await aMinuteLater()).toMatchObject({ stored: 0, rejected: 0 })
    await deliver(messagesOf([click]))
    expect(await aMinuteLater()).toMatchObject({ stored: 1, rejected: 0 })
    expect([await events(), await parked()]).toEqual([[click.id], []])
    await deliver(messagesOf([event]))
    expect(await sums()).toMatchObject({ answered: 4, stored: 2, duplicate: 2, rejected: 0 })
  })

  it('that waits is removed when the click is of another campaign, and after a day', async () => {
    const [ours, theirs] = [await givenCampaign(admin), await givenCampaign(admin)]
    const click = clickAt(new Date(), theirs.id)
    await deliver(messagesOf([eventOf(click, { campaign: ours.id }), eventOf(clickAt(new Date(), ours.id))]))
    await deliver(messagesOf([click]))
    expect(await aMinuteLater()).toMatchObject({ stored: 0, rejected: 1 })
    await admin.query(`update clicks.parked_events set created_at = now() - interval '25 hours'`)
    expect(await aMinuteLater()).toMatchObject({ stored: 0, rejected: 1 })
    expect([await events(), await parked()]).toEqual([[], []])
  })

  it('from a Worker that names no campaign belongs to its click', async () => {
    const { id } = await givenCampaign(admin)
    const click = clickAt(new Date(), id)
    const { campaign: _, ...unnamed } = eventOf(click)
    const { campaign: __, ...early } = eventOf(click)
    await deliver(messagesOf([early]))
    await deliver(messagesOf([click, unnamed]))
    expect(await aMinuteLater()).toMatchObject({ stored: 1 })
    expect(await events()).toEqual([click.id, click.id])
  })
})

describe('consumers that store clicks of the same visitors', () => {
  const visitors = Array.from({ length: 60 }, (_, at) => `visitor-${at}`)
  const turned = defectiveDb(environment.database, {
    max: 1,
    defect: (text) =>
      text.replace('order by campaign, key, day', 'order by campaign desc, key desc, day desc'),
  })

  /** Two consumers store a click of each visitor, and meet at this one. */
  async function clicksMeetAt(visitor: string, other?: Db): Promise<string[]> {
    const { id } = await givenCampaign(admin)
    const now = new Date()
    const clicked = () =>
      messagesOf(
        visitors.map((key) => clickAt(now, id, { key })),
        { size: 100, at: now },
      )
    const storeBy = (db: Db = environment.ctx().db): Promise<string> =>
      db.query(storing(clicksQueue, storeClicks(), clicked())).then(
        () => 'stored',
        ({ sqlstate }: { sqlstate: string }) => sqlstate,
      )
    await deliver(clicked())
    const row = `select from clicks.visitors where visitor_key = '${visitor}' for update`
    return meetAt(environment.database, row, [() => storeBy(), () => storeBy(other)])
  }

  it.each(['visitor-0', 'visitor-35', 'visitor-9'])(
    'wait for each other and do not deadlock, because each takes the keys in one order: they meet at %s',
    async (visitor) => {
      expect(await clicksMeetAt(visitor)).toEqual(['stored', 'stored'])
    },
  )

  it('deadlock when they take the keys in different orders', async () => {
    expect((await clicksMeetAt('visitor-35', turned)).toSorted()).toEqual(['40P01', 'stored'])
  })
})

describe('the recount', () => {
  it('finds a batch that was counted twice, and visitors that were', async () => {
    const messages = messagesOf(await clicks(60))
    await deliver(messages)
    // Without the number of the message a redelivery looks like new clicks.
    await admin.query('truncate core.ingest_messages; delete from clicks.clicks')
    await deliver(messages)
    expect(await wrongQuarters(admin)).not.toEqual([])
    expect(await wrongTotals(admin)).not.toEqual([])
  })
})
