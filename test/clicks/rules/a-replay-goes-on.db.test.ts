import { PgDialect } from 'drizzle-orm/pg-core'
import { expect, it } from 'vitest'
import { runReplays } from '../../../functions/clicks/rules/run-replays.ts'
import { effect } from '../../../functions/core/idempotency.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { givenCampaign } from '../support/given.ts'
import { clickAt } from '../support/items.ts'
import { wrongQuarters } from '../support/recount.ts'
import { storeClicks } from '../support/store.ts'

const environment = await freshEnvironment()
const { admin } = environment.database

const run = () => effect(environment.ctx(), runReplays())
const state = async () =>
  (await admin.query('select state, judged::int, changed::int from clicks.replays')).rows[0]
const invalid = async () =>
  (await admin.query('select count(*)::int as n from clicks.clicks where not is_valid')).rows[0].n

it('a rejudge goes on where its last portion ended, also after one that died, and decides each click once', async () => {
  const campaign = await givenCampaign(admin)
  const now = Date.now() - 60_000
  const clicks = Array.from({ length: 5_100 }, (_, at) =>
    clickAt(new Date(now - at * 100), campaign.id, {
      device: at % 2 === 0 ? 'desktop' : 'mobile',
      key: `visitor-${at}`,
    }),
  )
  await storeClicks(environment.ctx(), clicks)
  expect(await invalid()).toBe(0)
  await admin.query(`
    with strict as (insert into clicks.rule_sets (name) values ('No desktops') returning id),
    ruled as (
      insert into clicks.rules (rule_set_id, name, fact, op, value, weight, class, reason)
      select id, 'desktop', 'device', 'eq', '"desktop"', 100, 'S', 'Not wanted' from strict
    )
    insert into clicks.replays (rule_set_id, kind, from_at, to_at)
    select id, 'rejudge', now() - interval '1 hour', now() from strict`)

  expect(await run()).toMatchObject({ rows: 5_000, more: true })
  expect(await state()).toEqual({ state: 'running', judged: 5_000, changed: 2_500 })

  const client = await environment.database.connect()
  const { sql: text, params } = new PgDialect().sqlToQuery(runReplays())
  await client.query('begin')
  await client.query(text, params)
  await client.query('rollback')
  expect(await state()).toEqual({ state: 'running', judged: 5_000, changed: 2_500 })

  expect(await run()).toMatchObject({ rows: 100, more: false })
  expect(await state()).toEqual({ state: 'done', judged: 5_100, changed: 2_550 })
  expect(await invalid()).toBe(2_550)
  expect(await wrongQuarters(admin)).toEqual([])
  expect(await run()).toMatchObject({ rows: 0, outcome: 'skipped' })
})
