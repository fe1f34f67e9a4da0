import { describe, expect, it } from 'vitest'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { type Given, givenCampaign } from '../support/given.ts'
import { agents, visit } from '../support/visiting.ts'

const app = await freshWorker()
const { admin } = app.database

async function clicksOf(campaign: { id: number }) {
  const { rows } = await admin.query('select * from clicks.clicks where campaign_id = $1 order by id', [
    campaign.id,
  ])
  return rows
}

async function countsOf(campaign: { id: number }): Promise<Record<string, number>> {
  const names = ['clicks', 'uniques', 'unkeyed', 'valid', 'bots', 'invalid_general', 'previews', 'fallbacks']
  const { rows } = await admin.query(
    `select ${names.map((name) => `coalesce(sum(${name}), 0)::int as ${name}`).join(', ')}
    from clicks.campaign_stats where campaign_id = $1`,
    [campaign.id],
  )
  return rows[0]
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('a link of a campaign', () => {
  it('leads to the offer, and its click is stored with all that is known about it', async () => {
    const campaign = await givenCampaign(admin, {
      slug: 'Spring',
      source: { slug: 'net1', paramMap: { sub1: 's1', clickIdParam: 'gclid' } },
      offers: [
        {
          url: 'https://shop.example/a?cid={clickid}&s={sub1}&p={campaign}&n={source}&w={country}&d={device}',
        },
      ],
    })
    const led = await visit(app, '/c/sPRING?s1=abc&sub2=two&gclid=g-1&affiliate_sub=x', {
      headers: { referer: 'https://news.example/story?mail=a@b.example#top' },
    })
    expect(led.status).toBe(302)
    expect(led.headers.get('cache-control')).toBe('private, no-store')
    expect(led.headers.get('referrer-policy')).toBe('strict-origin-when-cross-origin')
    const [, id = ''] = /cid=([^&]*)&s=abc&p=Spring&n=net1&w=DE&d=desktop$/.exec(led.location ?? '') ?? []
    expect(id).toMatch(uuid)

    await expect.poll(() => clicksOf(campaign), soon).toHaveLength(1)
    expect((await clicksOf(campaign))[0]).toMatchObject({
      id,
      kind: 'click',
      config_version: 2,
      campaign_offer_id: String(campaign.offers[0]),
      landing_page_id: null,
      ip_prefix: '203.0.113.0/24',
      user_agent: agents.chrome,
      referrer: 'https://news.example/story',
      sub1: 'abc',
      sub2: 'two',
      click_id_param: 'g-1',
      affiliate_sub: 'x',
      affiliate_sub2: null,
      country: 'DE',
      asn: '3320',
      device: 'desktop',
      os: 'Windows',
      browser: 'Chrome',
      is_bot: false,
      hosting: null,
      is_unique: true,
      is_valid: true,
      validity: 'valid',
      reasons: [],
      conversion_type: null,
      converted_at: null,
    })
  })

  it('asks Postgres nothing once the configuration is known', async () => {
    const { slug } = await givenCampaign(admin)
    expect((await visit(app, `/c/${slug}`)).trips).toBeGreaterThan(0)
    const trips: number[] = []
    for (let at = 0; at < 20; at += 1) trips.push((await visit(app, `/c/${slug}`)).trips)
    expect(trips).toEqual(trips.map(() => 0))
  })

  it.each([
    'https://a.example/?abc#x',
    'https://a.example/?u=%2Fa%2520b',
    'https://A.example:443/x/../%7e?&&=#',
  ])('sends %s byte for byte', async (url) => {
    const { slug } = await givenCampaign(admin, { offers: [{ url }] })
    expect((await visit(app, `/c/${slug}?x=1`)).location).toBe(url)
  })

  it('encodes the values of macros, and leaves those empty that it does not know', async () => {
    const url = 'https://shop.example/?s={sub1}&t={sub2}'
    const { slug } = await givenCampaign(admin, { offers: [{ url }] })
    const encoded = encodeURIComponent('&url=evil#1')
    expect((await visit(app, `/c/${slug}?sub1=${encoded}&sub2=%C3%BC`)).location).toBe(
      'https://shop.example/?s=%26url%3Devil%231&t=%C3%BC',
    )
    expect((await visit(app, `/c/${slug}`)).location).toBe('https://shop.example/?s=&t=')
  })

  it('passes the query on only if the campaign says so', async () => {
    const offers = [{ url: 'https://a.example/?a=9#f' }]
    const passing = await givenCampaign(admin, { offers, passQuery: true })
    const silent = await givenCampaign(admin, { offers })
    expect((await visit(app, `/c/${passing.slug}?a=1&a=2&b=`)).location).toBe('https://a.example/?a=9&b=#f')
    expect((await visit(app, `/c/${silent.slug}?a=1&a=2&b=`)).location).toBe('https://a.example/?a=9#f')
  })

  it('is followed whatever its query is, as often as visitors come', async () => {
    const { slug } = await givenCampaign(admin, { offers: [{ url: 'https://shop.example/?s={sub1}' }] })
    for (const query of [
      '?',
      '?=',
      '?&&',
      '?sub1',
      '?%zz=%ff',
      '?sub1=%00',
      '?a=1&a=2',
      `?x=${'y'.repeat(4_000)}`,
      // The two hundredth unit is half of the emoji.
      `?sub1=${'a'.repeat(199)}%F0%9F%98%80`,
    ])
      expect((await visit(app, `/c/${slug}${query}`)).status, query).toBe(302)
    const many = await Promise.all(Array.from({ length: 100 }, () => visit(app, `/c/${slug}`)))
    expect(new Set(many.map(({ status }) => status))).toEqual(new Set([302]))
  })

  it('is followed by a visitor whose parameter is cut within a character, and their click is stored', async () => {
    const campaign = await givenCampaign(admin, { offers: [{ url: 'https://shop.example/' }] })
    expect((await visit(app, `/c/${campaign.slug}?sub1=${'a'.repeat(199)}%F0%9F%98%80`)).status).toBe(302)
    await expect.poll(() => countsOf(campaign), soon).toMatchObject({ clicks: 1 })
  })

  it('is followed when its source names a parameter like a member of each object', async () => {
    const { slug } = await givenCampaign(admin, {
      offers: [
        { url: 'https://shop.example/', targets: { query: { constructor: ['x'] } } },
        { url: 'https://shop.example/' },
      ],
    })
    expect((await visit(app, `/c/${slug}`)).status).toBe(302)
  })

  it('of an unknown campaign is 404, of an archived one 410, and neither stores a click', async () => {
    const archived = await givenCampaign(admin, {
      status: 'archived',
      fallbackUrl: 'https://shop.example/closed',
    })
    expect((await visit(app, '/c/nobody-has-this')).status).toBe(404)
    expect((await visit(app, '/c/_')).status).toBe(400)
    expect((await visit(app, `/c/${archived.slug}`)).status).toBe(410)
    const { rows } = await admin.query(
      'select count(*)::int as n from clicks.clicks where campaign_id = $1',
      [archived.id],
    )
    expect(rows[0].n).toBe(0)
  })

  it('of a closed campaign leads to its fallback, which is counted, or is 404', async () => {
    const fallbackUrl = 'https://shop.example/closed?{clickid}'
    const yesterday = new Date(Date.now() - 86_400_000).toISOString()
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
    const closed: Given[] = [
      { status: 'paused' },
      { startsAt: tomorrow },
      { endsAt: yesterday },
      { offers: [{ targets: { countries: ['FR'] } }] },
      { offers: [{ weight: 0 }] },
    ]
    for (const given of closed) {
      const { slug } = await givenCampaign(admin, given)
      expect((await visit(app, `/c/${slug}`)).status, JSON.stringify(given)).toBe(404)
      const campaign = await givenCampaign(admin, { ...given, fallbackUrl })
      expect(await visit(app, `/c/${campaign.slug}`)).toMatchObject({ status: 302, location: fallbackUrl })
      await expect.poll(() => countsOf(campaign), soon).toMatchObject({ clicks: 0, fallbacks: 1 })
    }
  })

  it('trips its cap in the consumer, and the next visitors get the fallback', async () => {
    const campaign = await givenCampaign(admin, { capTotal: 2, fallbackUrl: 'https://shop.example/closed' })
    for (let at = 0; at < 2; at += 1) await visit(app, `/c/${campaign.slug}`)
    await expect.poll(() => countsOf(campaign), soon).toMatchObject({ clicks: 2 })
    await expect
      .poll(async () => (await visit(app, `/c/${campaign.slug}`)).location, { ...soon, interval: 250 })
      .toBe('https://shop.example/closed')
  })

  it('with landing pages leads to one, and from there on to the offer under the same id', async () => {
    const campaign = await givenCampaign(admin, {
      landingPages: [{ url: 'https://land.example/?next={offerlink}' }],
      offers: [{ url: 'https://shop.example/?c={clickid}&s={sub1}' }],
    })
    const { location } = await visit(app, `/c/${campaign.slug}?sub1=a%26b`)
    const next = new URL(new URL(location ?? '').searchParams.get('next') ?? '')
    expect(next.origin).toBe(new URL(app.url).origin)
    const [, id] = /^\/o\/(.+)$/.exec(next.pathname) ?? []
    const on = await visit(app, next.pathname + next.search)
    expect(on).toMatchObject({ status: 302, location: `https://shop.example/?c=${id}&s=a%26b`, trips: 0 })
    const events = () =>
      admin.query('select event_type, event_data from clicks.events where click_id = $1', [id])
    await expect
      .poll(async () => (await events()).rows, soon)
      .toEqual([{ event_type: 'offer_click', event_data: { offerId: campaign.offers[0] } }])
    // An offer of another campaign is chosen anew.
    const foreign = await givenCampaign(admin)
    next.searchParams.set('o', String(foreign.offers[0]))
    expect((await visit(app, next.pathname + next.search)).location).toBe(on.location)
  })
})

describe('visitors', () => {
  it('on X: a bot that reads the link and three previews are one click, by a bot, and three previews', async () => {
    const campaign = await givenCampaign(admin)
    await visit(app, `/c/${campaign.slug}`, { agent: agents.twitterbot })
    for (const agent of [agents.chrome, agents.iphone, agents.chrome])
      expect((await visit(app, `/c/${campaign.slug}`, { agent, method: 'HEAD' })).status).toBe(302)
    await expect
      .poll(() => countsOf(campaign), soon)
      .toMatchObject({ clicks: 1, bots: 1, valid: 0, invalid_general: 1, previews: 3 })
  })

  it.each([
    ['sec-purpose', 'prefetch;prerender'],
    ['purpose', 'prefetch'],
    ['x-moz', 'prefetch'],
    ['x-purpose', 'preview'],
  ])('whose browser fetches ahead (%s: %s) are led on as a preview and no click', async (name, value) => {
    const campaign = await givenCampaign(admin)
    expect((await visit(app, `/c/${campaign.slug}`, { headers: { [name]: value } })).status).toBe(302)
    await expect.poll(() => countsOf(campaign), soon).toMatchObject({ previews: 1, clicks: 0, valid: 0 })
  })

  it('without an agent are led on, and counted as bots that are not valid', async () => {
    const campaign = await givenCampaign(admin)
    expect((await visit(app, `/c/${campaign.slug}`, { agent: '' })).status).toBe(302)
    await expect
      .poll(() => countsOf(campaign), soon)
      .toMatchObject({ clicks: 1, bots: 1, valid: 0, invalid_general: 1 })
    expect(await clicksOf(campaign)).toMatchObject([
      { user_agent: null, bot: '(no agent)', reasons: ['bot', 'noAgent'] },
    ])
  })

  it('who ask for privacy get no key and are counted as unkeyed', async () => {
    const campaign = await givenCampaign(admin)
    await visit(app, `/c/${campaign.slug}`, { headers: { 'sec-gpc': '1' } })
    await visit(app, `/c/${campaign.slug}`, { headers: { dnt: '1' } })
    await visit(app, `/c/${campaign.slug}`, { headers: { dnt: '0' } })
    await expect.poll(() => countsOf(campaign), soon).toMatchObject({ clicks: 3, uniques: 1, unkeyed: 2 })
    const kept = await clicksOf(campaign)
    expect(kept.filter(({ ip_hash, ip_prefix }) => ip_hash === null && ip_prefix === null)).toHaveLength(2)
  })

  it('who come again within an hour count once as unique and valid', async () => {
    const campaign = await givenCampaign(admin)
    await visit(app, `/c/${campaign.slug}`)
    await visit(app, `/c/${campaign.slug}`)
    await visit(app, `/c/${campaign.slug}`, { address: '2001:db8:1:2::3' })
    await visit(app, `/c/${campaign.slug}`, { address: '203.0.113.78' })
    await visit(app, `/c/${campaign.slug}`, { agent: agents.iphone })
    await expect
      .poll(() => countsOf(campaign), soon)
      .toMatchObject({ clicks: 5, uniques: 4, valid: 4, invalid_general: 1 })
    const [, again] = await clicksOf(campaign)
    expect(again).toMatchObject({
      is_unique: false,
      is_valid: false,
      validity: 'general',
      reasons: ['repeated'],
    })
  })

  it('from a network of a hoster are not valid enough with a second sign, and alone they are', async () => {
    const campaign = await givenCampaign(admin)
    await visit(app, `/c/${campaign.slug}`, { asn: 24940, country: 'XX' })
    await expect.poll(() => clicksOf(campaign), soon).toHaveLength(1)
    expect((await clicksOf(campaign))[0]).toMatchObject({
      hosting: 'Hetzner',
      reasons: ['hosting'],
      validity: 'valid',
      country: null,
    })
  })

  it('of a durable campaign wait until the queue has their click', async () => {
    const campaign = await givenCampaign(admin, { durable: true })
    expect((await visit(app, `/c/${campaign.slug}`)).status).toBe(302)
    await expect.poll(() => countsOf(campaign), soon).toMatchObject({ clicks: 1 })
  })
})
