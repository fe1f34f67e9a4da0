import { sql } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Rule } from '../../../functions/core/watch.ts'
import { acknowledgeAlert } from '../../../functions/ops/alerts/acknowledge.ts'
import { listAlerts } from '../../../functions/ops/alerts/list.ts'
import { createSilence } from '../../../functions/ops/silences/create.ts'
import { endSilence } from '../../../functions/ops/silences/end.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { evaluate, gaugeRule } from '../support/rules.ts'

const { database, ctx } = await freshEnvironment()
const { admin } = database
await admin.query('create table public.gauges (name text primary key, value float8)')
await admin.query('grant select on public.gauges to public')

// Values and alerts are kept by the clock of Postgres, so the minutes begin now.
const start = Math.floor(Date.now() / 60_000) * 60_000
let minute = 0

beforeEach(async () => {
  minute = 0
  await admin.query(
    'truncate public.gauges, core.alerts, core.silences, core.outbox, core.operator_actions, core.alert_values',
  )
})

const set = (name: string, value: number | null) =>
  admin.query(
    `insert into public.gauges values ($1, $2) on conflict (name) do update set value = excluded.value`,
    [name, value],
  )

/** The next minute's evaluation; `after` minutes later if given. */
async function tick(rules: Rule | readonly Rule[] = gaugeRule(), after = 1) {
  minute += after
  return evaluate(ctx(), [rules].flat(), { at: new Date(start + minute * 60_000) })
}

const sent = async () =>
  (await admin.query('select type, data from core.outbox order by seq')).rows as {
    type: string
    data: Record<string, unknown>
  }[]
const types = async () => (await sent()).map(({ type }) => type)
const open = () => listAlerts(ctx(), [gaugeRule()], { state: 'open', rule: null, before: null, limit: 50 })

describe('an alert', () => {
  it('fires beyond its limit, stays until its own clear value, and is resolved', async () => {
    await set('a', 10)
    await tick()
    expect(await open()).toEqual([])
    await set('a', 11)
    await tick()
    await set('a', 7)
    await tick()
    expect(await open()).toMatchObject([
      { state: 'firing', labels: { gauge: 'a' }, value: 7, peak: 11, count: 2, evidence: [{ gauge: 'a' }] },
    ])
    await set('a', 5)
    await tick()
    expect(await open()).toEqual([])
    expect(await types()).toEqual(['alert.fired', 'alert.resolved'])
  })

  it('whose rule wants low values refused fires below', async () => {
    const low = gaugeRule({ raise: 90, clear: 95 })
    await set('a', 91)
    await tick(low)
    expect(await open()).toEqual([])
    await set('a', 80)
    await tick(low)
    await set('a', 70)
    await tick(low)
    expect(await open()).toMatchObject([{ state: 'firing', peak: 70 }])
    await set('a', 95)
    await tick(low)
    expect(await types()).toEqual(['alert.fired', 'alert.resolved'])
  })

  it('is pending until the condition has lasted, and one that passes before is never sent', async () => {
    const patient = gaugeRule({ pendingFor: 120 })
    await set('a', 20)
    await tick(patient)
    await tick(patient)
    expect(await open()).toMatchObject([{ state: 'pending', firedAt: null }])
    await set('a', 9)
    await tick(patient)
    expect(await open()).toEqual([])
    await set('a', 20)
    for (let times = 0; times < 3; times += 1) await tick(patient)
    expect(await open()).toMatchObject([{ state: 'firing', count: 3 }])
    expect(await types()).toEqual(['alert.fired'])
  })

  it('ends only after the value was clear for long enough', async () => {
    const slow = gaugeRule({ clearFor: 120 })
    await set('a', 20)
    await tick(slow)
    await set('a', 0)
    await tick(slow)
    await tick(slow)
    await set('a', 6)
    await tick(slow)
    await set('a', 0)
    await tick(slow)
    await tick(slow)
    expect(await open()).toMatchObject([{ state: 'firing' }])
    await tick(slow)
    expect(await open()).toEqual([])
  })

  it('without a value is unknown, which is sent and ends nothing', async () => {
    await set('a', 20)
    await tick()
    await set('a', null)
    await tick()
    expect(await open()).toMatchObject([{ state: 'unknown', value: null, why: 'not known' }])
    expect(await types()).toEqual(['alert.fired'])
    await tick()
    expect(await types()).toEqual(['alert.fired', 'alert.unknown'])
    await set('a', 0)
    await tick()
    expect(await types()).toEqual(['alert.fired', 'alert.unknown', 'alert.resolved'])
  })

  it('of a rule whose statement fails is unknown, and the other rules have their values', async () => {
    const broken = gaugeRule({
      name: 'broken',
      value: () => sql`select '{}'::jsonb as labels, 1 / 0 as value`,
    })
    await set('a', 20)
    await tick([broken, gaugeRule()])
    expect(await open()).toMatchObject([
      { rule: 'gauge_high', state: 'firing' },
      { rule: 'broken', state: 'unknown', why: 'SQLSTATE 22012' },
    ])
  })

  it('that becomes critical is escalated once, and its severity does not fall', async () => {
    const rule = gaugeRule({ critical: 100 })
    await set('a', 20)
    await tick(rule)
    await set('a', 200)
    await tick(rule)
    await set('a', 20)
    await tick(rule)
    expect(await open()).toMatchObject([{ severity: 'critical' }])
    expect(await types()).toEqual(['alert.fired', 'alert.escalated'])
  })

  it('of a thing that is gone, or of a rule that is gone, ends', async () => {
    await set('a', 20)
    await set('b', 20)
    await tick()
    await admin.query(`delete from public.gauges where name = 'a'`)
    await tick()
    expect(await open()).toMatchObject([{ labels: { gauge: 'b' } }])
    await tick([])
    expect(await open()).toEqual([])
    expect(await types()).toEqual(['alert.fired', 'alert.fired', 'alert.resolved', 'alert.resolved'])
  })
})

describe('messages', () => {
  it('repeat every four hours until the alert is acknowledged, which is on record', async () => {
    await set('a', 20)
    await tick()
    await tick(gaugeRule(), 239)
    expect(await types()).toEqual(['alert.fired'])
    await tick()
    expect(await types()).toEqual(['alert.fired', 'alert.repeated'])
    const [alert] = await open()
    const given = { id: alert?.id ?? 0, ack: { note: 'seen' } }
    expect(await acknowledgeAlert(ctx(), [gaugeRule()], given)).toMatchObject({
      ok: true,
      alert: { note: 'seen' },
    })
    await acknowledgeAlert(ctx(), [gaugeRule()], { ...given, ack: { note: 'again' } })
    expect(await open()).toMatchObject([{ note: 'seen', ackedBy: 'system' }])
    await tick(gaugeRule(), 500)
    expect(await types()).toEqual(['alert.fired', 'alert.repeated'])
    const { rows } = await admin.query('select action, subject, reason from core.operator_actions')
    expect(rows).toEqual([{ action: 'alert.acknowledge', subject: `alert:${alert?.id}`, reason: 'seen' }])
  })

  it('of an alert that changes three times in an hour say that it is flapping, once, until it rests', async () => {
    for (const value of [20, 0, 20, 0, 20, 0]) {
      await set('a', value)
      await tick()
    }
    expect((await sent()).map(({ type, data }) => [type, data['flapping']])).toEqual([
      ['alert.fired', false],
      ['alert.resolved', false],
      ['alert.fired', true],
    ])
    await tick(gaugeRule(), 70)
    expect((await types()).slice(3)).toEqual(['alert.resolved'])
  })

  it('of more than ten alerts at once are one storm', async () => {
    for (let gauge = 0; gauge < 11; gauge += 1) await set(`g${gauge}`, 20)
    await tick()
    expect(await sent()).toMatchObject([
      { type: 'alert.storm', data: { alerts: 11, rules: [{ rule: 'gauge_high', alerts: 11 }] } },
    ])
    expect(await open()).toHaveLength(11)
    await set('g0', 0)
    await tick()
    expect(await types()).toEqual(['alert.storm', 'alert.resolved'])
  })
})

describe('a silence', () => {
  const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString()

  it('holds messages back while the state goes on, and what still fires is sent at its end', async () => {
    const made = await createSilence(ctx(), {
      rule: 'gauge_high',
      labels: { gauge: 'a' },
      reason: 'moving it',
      until: hours(5),
    })
    await set('a', 20)
    await set('b', 20)
    await tick()
    expect(await sent()).toMatchObject([{ type: 'alert.fired', data: { labels: { gauge: 'b' } } }])
    expect(await open()).toMatchObject([
      { labels: { gauge: 'b' }, silenced: false },
      { labels: { gauge: 'a' }, silenced: true, state: 'firing' },
    ])
    expect(await endSilence(ctx(), made.ok ? made.silence.id : 0)).toBe(true)
    await tick()
    expect((await sent()).slice(1)).toMatchObject([{ type: 'alert.fired', data: { labels: { gauge: 'a' } } }])
  })

  it('that ends by itself is sent the same way', async () => {
    await createSilence(ctx(), { labels: {}, reason: 'night', until: hours(1) })
    await set('a', 20)
    await tick()
    expect(await types()).toEqual([])
    await tick(gaugeRule(), 90)
    expect(await types()).toEqual(['alert.fired'])
  })

  it('until the alert is resolved ends with it, and its end is sent afterwards', async () => {
    const refused = await createSilence(ctx(), { labels: {}, reason: 'early', untilResolved: true })
    expect(refused).toEqual({ ok: false, reason: 'nothing_open' })
    await set('a', 20)
    await tick()
    await createSilence(ctx(), { labels: { gauge: 'a' }, reason: 'known', untilResolved: true })
    await set('a', 0)
    await tick()
    expect(await types()).toEqual(['alert.fired'])
    await tick()
    expect(await types()).toEqual(['alert.fired', 'alert.resolved'])
    const { rows } = await admin.query('select ended_by from core.silences')
    expect(rows).toEqual([{ ended_by: 'system' }])
  })

  it('lasts at most seven days', async () => {
    const wanted = { labels: {}, reason: 'long', until: hours(24 * 7 + 1) }
    expect(await createSilence(ctx(), wanted)).toEqual({ ok: false, reason: 'outside' })
    await expect(
      admin.query(
        `insert into core.silences (reason, by, until) values ('long', 'x', now() + interval '8 days')`,
      ),
    ).rejects.toThrow('silences_week')
  })
})
