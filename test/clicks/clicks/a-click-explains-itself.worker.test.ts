import { describe, expect, it } from 'vitest'
import { clicksQueue } from '../../../functions/clicks/queue.ts'
import { consume } from '../../../functions/core/consume.ts'
import { delivered } from '../../core/probe/isolate.ts'
import { contextsOf } from '../../dispatch/support/context.ts'
import { freshProxy } from '../../support/proxy.ts'
import { runJob } from '../../support/run-job.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { givenCampaign } from '../support/given.ts'
import { caller } from '../support/http.ts'
import { clickAt, messagesOf } from '../support/items.ts'
import { wrongDimensions, wrongQuarters } from '../support/recount.ts'
import { agents, visit } from '../support/visiting.ts'

const app = await freshWorker()
const { admin } = app.database
const boss = await caller(app, 'admin', '1')
const contexts = contextsOf(app.database, await freshProxy(app.database))

async function idsOf(campaign: { id: number }): Promise<string[]> {
  const { rows } = await admin.query('select id from clicks.clicks where campaign_id = $1 order by id', [
    campaign.id,
  ])
  return rows.map(({ id }) => id)
}

async function store(items: readonly unknown[]): Promise<void> {
  const messages = messagesOf(items, { size: 100 }).map((body) => delivered(body))
  expect(new Set(await consume(contexts(null), clicksQueue, messages))).toEqual(new Set(['done']))
}

/** Runs the jobs of a minute that follow the clicks. */
async function aMinute(): Promise<void> {
  for (const job of ['clicks-replays', 'clicks-dimensions']) await runJob(app, job)
  const { rows } = await admin.query(
    `select job, error from core.job_runs where job like 'clicks-%' and outcome = 'failed'`,
  )
  expect(rows).toEqual([])
}

describe('a click', () => {
  it('shows the rules that decided, with the facts, and makes its choice again', async () => {
    const targets = {
      countries: ['DE'],
      languages: ['de'],
      query: { p: ['1'] },
      hours: [...Array(24).keys()],
    }
    const campaign = await givenCampaign(admin, {
      timezone: 'Asia/Tehran',
      offers: [
        { weight: 3, targets },
        { weight: 2, targets },
        { weight: 9, targets: { countries: ['FR'] } },
      ],
    })
    const headers = { 'accept-language': 'de-AT,en;q=0.5' }
    for (let at = 0; at < 2; at += 1) await visit(app, `/c/${campaign.slug}?p=1&secret=x`, { headers })
    await expect.poll(() => idsOf(campaign), soon).toHaveLength(2)
    const [, second] = await idsOf(campaign)
    const { status, body } = await boss.get(`/clicks/${second}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      campaign: campaign.slug,
      isValid: false,
      validity: 'general',
      reasons: ['repeated'],
      facts: { clicksToday: 2, bot: false, country: 'DE' },
      rules: [
        { name: 'repeated', fact: 'secondsSincePrevious', op: 'lt', value: 3600, weight: 100, class: 'G' },
      ],
      choice: { recomputed: true },
    })
    const { rows } = await admin.query('select asked from clicks.clicks where id = $1', [second])
    expect(rows[0].asked).toEqual({ languages: ['de', 'en'], query: { p: '1' } })
  })

  it('whose stored choice is another one says that it does not follow', async () => {
    const campaign = await givenCampaign(admin, { offers: [{}, {}] })
    const [a, b] = campaign.offers
    const clicks = [a, b].map((offer) => clickAt(new Date(), campaign.id, { offer: offer ?? null, key: 'k' }))
    await store(clicks)
    const again = await Promise.all(clicks.map(({ id }) => boss.get(`/clicks/${id}`)))
    const recomputed = again.map(({ body }) => (body['choice'] as { recomputed: boolean }).recomputed)
    expect(new Set(recomputed)).toEqual(new Set([false, true]))

    // The hourly job finds it too, and its failed run is an alert.
    await app.scheduled('7 * * * *')
    const wrong = clicks[recomputed.indexOf(false)]?.id
    const { rows } = await admin.query(
      `select outcome, error from core.job_runs where job = 'clicks-choices'`,
    )
    expect(rows).toEqual([{ outcome: 'failed', error: `Choices that do not follow: ${wrong}` }])
    await admin.query('delete from clicks.clicks where id = $1', [wrong])
    await runJob(app, 'clicks-choices')
    const runs = await admin.query(
      `select outcome from core.job_runs where job = 'clicks-choices' order by id`,
    )
    expect(runs.rows.at(-1)).toEqual({ outcome: 'ok' })
    await admin.query('truncate clicks.clicks, clicks.campaign_stats, clicks.visitors, clicks.unfolded')
    await admin.query(`delete from core.job_runs where job = 'clicks-choices'`)
  })

  it('belongs to the owner of its campaign, and is unknown to other partners', async () => {
    const campaign = await givenCampaign(admin, { owner: 'partner:p-1' })
    await visit(app, `/c/${campaign.slug}`)
    await expect.poll(() => idsOf(campaign), soon).toHaveLength(1)
    const [id] = await idsOf(campaign)
    const [owner, other] = [await caller(app, 'partner', 'p-1'), await caller(app, 'partner', 'p-2')]
    expect((await owner.get(`/clicks/${id}`)).status).toBe(200)
    expect((await other.get(`/clicks/${id}`)).status).toBe(404)
    expect((await other.post(`/clicks/${id}/events`, { type: 'seen' })).status).toBe(404)
    expect((await owner.get('/rule-sets')).status).toBe(403)
  })

  it('has each event once, however often it is sent', async () => {
    const campaign = await givenCampaign(admin)
    const [one, two] = [clickAt(new Date(), campaign.id), clickAt(new Date(), campaign.id)]
    await store([one, two])
    const event = { id: crypto.randomUUID(), type: 'add_to_cart', data: { product: 'x', count: 2 } }
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => boss.post(`/clicks/${one.id}/events`, event)),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 201]))
    expect((await boss.post(`/clicks/${two.id}/events`, event)).status).toBe(409)
    expect((await boss.post(`/clicks/${one.id}/events`, { type: 'No' })).status).toBe(400)
    expect((await boss.post(`/clicks/${one.id}/events`, { type: 'paid' })).status).toBe(201)
    expect((await boss.get(`/clicks/${one.id}`)).body['events']).toMatchObject([
      { id: event.id, type: 'add_to_cart', data: event.data },
      { type: 'paid', data: {} },
    ])
  })

  it('is accounted for: what redirects answered is the sum of what became of it', async () => {
    const campaign = await givenCampaign(admin)
    await Promise.all(Array.from({ length: 30 }, () => visit(app, `/c/${campaign.slug}`)))
    await expect.poll(() => idsOf(campaign), soon).toHaveLength(30)
    const [from, to] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 60_000)].map((at) =>
      at.toISOString(),
    )
    const { body } = await boss.get(`/accounting?from=${from}&to=${to}`)
    const minutes = body['data'] as Record<string, number>[]
    expect(minutes.length).toBeGreaterThan(0)
    for (const {
      answered,
      stored = 0,
      duplicate = 0,
      rejected = 0,
      dead = 0,
      waiting = 0,
      missing = 0,
    } of minutes)
      expect(answered).toBe(stored + duplicate + rejected + dead + waiting + missing)
    expect(minutes.reduce((sum, { stored = 0 }) => sum + stored, 0)).toBeGreaterThanOrEqual(30)
  })
})

describe('an erased visitor', () => {
  it('can be found nowhere, leaves its clicks counted, and the caller gets a receipt', async () => {
    const campaign = await givenCampaign(admin)
    const canary = 'canary-parameter'
    for (let at = 0; at < 2; at += 1)
      await visit(app, `/c/${campaign.slug}?sub1=${canary}&click_id=${canary}`, {
        address: '198.51.100.23',
        agent: `${agents.chrome} canary-agent`,
        headers: { referer: 'https://canary.example/page' },
      })
    await expect.poll(() => idsOf(campaign), soon).toHaveLength(2)
    const [id] = await idsOf(campaign)
    const key = String((await boss.get(`/clicks/${id}`)).body['visitorKey'])
    await aMinute()
    await boss.post(`/clicks/${id}/events`, { type: 'signed_up', data: { email: canary } })
    const item = {
      key,
      agent: 'canary-agent',
      referrer: 'https://canary.example/',
      sub1: canary,
      asked: { query: { p: canary } },
    }
    const theirs = await givenCampaign(admin, { owner: 'partner:p-1' })
    // The consumer gives up the message for its last item. A replay would store the first two.
    const faulty = [
      clickAt(new Date(), campaign.id, { ...item, prefix: '198.51.100.0/24' }),
      clickAt(new Date(), theirs.id, { key: 'k'.repeat(22) }),
      clickAt(new Date(), campaign.id, { prefix: 'no network' }),
    ]
    await store(faulty)
    const other = await caller(app, 'partner', 'p-9')
    expect((await other.delete(`/visitors/${key}`)).body).toMatchObject({ clicks: 0 })
    const { status, body } = await boss.delete(`/visitors/${key}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      clicks: 2,
      events: 1,
      deadMessages: 1,
      receipt: {
        keyDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
        kept: expect.arrayContaining([expect.stringContaining('conversions')]),
      },
    })
    const { rows: dead } = await admin.query('select body::jsonb as body from core.dead_messages')
    expect(dead.map(({ body: { items } }) => items)).toEqual([
      [
        expect.objectContaining({
          id: faulty[0]?.id,
          key: null,
          prefix: null,
          referrer: null,
          agent: '(erased)',
        }),
        faulty[1],
        faulty[2],
      ],
    ])
    await aMinute()
    const own = ['clicks', 'visitors', 'campaign_dimensions', 'erasures', 'events'].map(
      (one) => `clicks.${one}`,
    )
    for (const table of [...own, 'core.dead_messages']) {
      const { rows } = await admin.query(`select t::text as row from ${table} t`)
      const text = rows.map(({ row }) => row).join('\n')
      for (const canaryText of [canary, 'canary-agent', 'canary.example', '198.51.100', key])
        expect(text, table).not.toContain(canaryText)
    }
    expect((await boss.get(`/clicks/${id}`)).body).toMatchObject({
      visitorKey: null,
      erasedAt: expect.any(String),
      choice: { recomputed: null },
    })
    expect(await wrongQuarters(admin)).toEqual([])
    expect(await wrongDimensions(admin)).toEqual([])
    expect((await boss.delete(`/visitors/${key}`)).body).toMatchObject({
      clicks: 0,
      events: 0,
      deadMessages: 0,
    })
  })

  it('of another owner stays in a dead message', async () => {
    const theirs = await givenCampaign(admin, { owner: 'partner:p-2' })
    const key = 'o'.repeat(22)
    await store([
      clickAt(new Date(), theirs.id, { key }),
      clickAt(new Date(), theirs.id, { prefix: 'no network' }),
    ])
    const other = await caller(app, 'partner', 'p-3')
    expect((await other.delete(`/visitors/${key}`)).body).toMatchObject({ deadMessages: 0 })
    const left = `select from core.dead_messages where body like '%${key}%'`
    expect((await admin.query(left)).rowCount).toBe(1)
    const owner = await caller(app, 'partner', 'p-2')
    expect((await owner.delete(`/visitors/${key}`)).body).toMatchObject({ deadMessages: 1 })
    expect((await admin.query(left)).rowCount).toBe(0)
  })

  it('of whom a dead message cannot be read is cut out of it by an admin only', async () => {
    const key = 'u'.repeat(22)
    const body = `{"v":1,"items":[{"key":"${key}","sub1":"\\u0000"}]}`
    await admin.query(
      `insert into core.dead_messages (stream, message, body, reason, attempts) values ('clicks', 'unreadable', $1, '22P05', 1)`,
      [body],
    )
    const kept = async () =>
      (await admin.query(`select body from core.dead_messages where message = 'unreadable'`)).rows[0].body
    const other = await caller(app, 'partner', 'p-4')
    expect((await other.delete(`/visitors/${key}`)).body).toMatchObject({ deadMessages: 0 })
    expect(await kept()).toBe(body)
    expect((await boss.delete(`/visitors/${key}`)).body).toMatchObject({ deadMessages: 1 })
    expect(await kept()).toBe(body.replace(key, ''))
  })
})

describe('a set of rules', () => {
  const window = { from: '2026-01-01T00:00:00Z', to: new Date(Date.now() + 3_600_000).toISOString() }
  const strict = {
    name: 'No desktops',
    rules: [
      {
        name: 'desktop',
        fact: 'device',
        op: 'eq',
        value: 'desktop',
        weight: 100,
        class: 'S',
        reason: 'Not wanted',
      },
      { name: 'bot', fact: 'bot', op: 'eq', value: true, weight: 100, class: 'G', reason: 'A bot' },
    ],
  }

  it('is refused with the field that is at fault', async () => {
    const [rule] = strict.rules
    for (const fault of [
      { op: 'lt' },
      { op: 'in' },
      { value: ['desktop'] },
      { weight: 0 },
      { weight: 101 },
      { fact: 'address' },
      { op: 'like' },
      { class: 'X' },
    ]) {
      const { status, body } = await boss.post('/rule-sets', { name: 'x', rules: [{ ...rule, ...fault }] })
      expect(status, JSON.stringify(fault)).toBe(400)
      expect(JSON.stringify(body['errors'])).toContain('rules.0')
    }
    expect((await boss.post('/rule-sets', { name: 'x', rules: [rule, rule] })).status).toBe(400)
  })

  it('is replayed over the history without a change, then activated, and corrects what was decided', async () => {
    const campaign = await givenCampaign(admin, { source: { slug: 'net7' } })
    const { rows } = await admin.query(`select id from clicks.traffic_sources where slug = 'net7'`)
    const source = Number(rows[0].id)
    const now = Date.now() - 60_000
    const clicks = Array.from({ length: 60 }, (_, at) =>
      clickAt(new Date(now - at * 1_000), campaign.id, {
        source,
        device: at % 2 === 0 ? 'desktop' : 'mobile',
        bot: at % 10 === 0 ? 'Googlebot' : null,
        key: `visitor-${at}`,
      }),
    )
    await store(clicks)
    await admin.query(
      `insert into clicks.conversions (click_id, campaign_id, type, status, payout_minor, currency)
      select id, campaign_id, 'sale', 'approved', 150, 'USD' from clicks.clicks
      where campaign_id = $1 and device = 'desktop' and not is_bot`,
      [campaign.id],
    )
    const draft = await boss.post('/rule-sets', strict)
    expect(draft).toMatchObject({
      status: 201,
      body: { state: 'draft', rules: [{ name: 'bot' }, { name: 'desktop' }] },
    })
    const id = Number(draft.body['id'])
    const others = await admin.query(
      `select count(*)::int as n from clicks.clicks where kind = 'click' and is_valid and device = 'desktop' and campaign_id <> $1`,
      [campaign.id],
    )
    const turned = 24 + others.rows[0].n

    const started = await boss.post(`/rule-sets/${id}/replay`, window)
    expect(started.status).toBe(202)
    expect((await boss.post(`/rule-sets/${id}/replay`, window)).body).toMatchObject({
      code: 'replay_running',
    })
    expect((await boss.post(`/rule-sets/${id}/activate`, { rejudge: window })).body).toMatchObject({
      code: 'replay_running',
    })
    await aMinute()
    const { body: replay } = await boss.get(`/replays/${String(started.body['id'])}`)
    expect(replay).toMatchObject({
      state: 'done',
      kind: 'replay',
      invalidated: turned,
      examples: expect.any(Array),
    })
    expect((replay['examples'] as unknown[]).length).toBe(20)
    expect((await boss.get(`/replays?ruleSetId=${id}`)).body).toEqual({ data: [replay], nextCursor: null })
    expect((await boss.get(`/replays?ruleSetId=${id + 1}`)).body['data']).toEqual([])
    expect(replay['byRule']).toContainEqual({
      rule: 'desktop',
      clicks: replay['changed'],
      revenue: [{ currency: 'USD', minor: 3_600 }],
    })
    expect(replay['bySource']).toContainEqual({
      trafficSourceId: source,
      clicks: 24,
      revenue: [{ currency: 'USD', minor: 3_600 }],
    })
    const validOf = async () =>
      (
        await admin.query(
          'select count(*)::int as n from clicks.clicks where is_valid and campaign_id = $1',
          [campaign.id],
        )
      ).rows[0].n
    expect(await validOf()).toBe(54)

    const activated = await boss.post(`/rule-sets/${id}/activate`, { rejudge: window })
    expect(activated.body).toMatchObject({
      ruleSet: { state: 'active' },
      replay: { kind: 'rejudge', state: 'running' },
    })
    expect((await boss.post(`/rule-sets/${id}/activate`, {})).body).toMatchObject({ code: 'rule_set_active' })
    await aMinute()
    expect(await validOf()).toBe(30)
    expect(await wrongQuarters(admin)).toEqual([])
    await aMinute()
    expect(await wrongDimensions(admin)).toEqual([])
    expect((await boss.get(`/clicks/${clicks[2]?.id}`)).body).toMatchObject({
      ruleSetId: id,
      reasons: ['desktop'],
    })

    // New clicks follow the new set at once.
    const late = clickAt(new Date(), campaign.id, { source, key: 'late' })
    await store([late])
    expect((await boss.get(`/clicks/${late.id}`)).body).toMatchObject({
      ruleSetId: id,
      validity: 'sophisticated',
    })
    const { body: list } = await boss.get('/rule-sets')
    expect((list['data'] as { state: string }[]).map(({ state }) => state).toSorted()).toEqual([
      'active',
      'retired',
    ])
  })

  it('that is activated by many at once ends as one active set', async () => {
    const drafts = await Promise.all(Array.from({ length: 5 }, () => boss.post('/rule-sets', strict)))
    const answers = await Promise.all(
      drafts.map(({ body }) => boss.post(`/rule-sets/${Number(body['id'])}/activate`, {})),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const { rows } = await admin.query(
      `select count(*)::int as n from clicks.rule_sets where state = 'active'`,
    )
    expect(rows[0].n).toBe(1)
  })
})
