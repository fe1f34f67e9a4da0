import { afterEach, describe, expect, it } from 'vitest'
import { activateRuleSet } from '../../../functions/clicks/rules/activate.ts'
import { runReplays } from '../../../functions/clicks/rules/run-replays.ts'
import type { Db } from '../../../functions/core/db.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { meets } from '../../support/blocking.ts'
import { defectiveDb } from '../../support/defective-db.ts'
import { givenCampaign } from '../support/given.ts'
import { clickAt } from '../support/items.ts'
import { storeClicks } from '../support/store.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
const keeper = await environment.database.connect()
const ctxWith = (db?: Db) => Object.assign(environment.ctx(), db && { db })

const window = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' }

afterEach(async () => {
  await admin.query('truncate clicks.replays')
})

describe('the activation of a draft that another request activates at the same moment', () => {
  const unlocked = defectiveDb(environment.database, {
    max: 2,
    defect: (text) => text.replace(/(from clicks\.rule_sets where id = \S+) for update/, '$1'),
  })

  /** Returns the answer of the second request, and how many rejudges it started. */
  async function secondActivation(db?: Db) {
    const { rows } = await admin.query(`insert into clicks.rule_sets (name) values ('draft') returning id`)
    const id = Number(rows[0].id)
    await keeper.query('begin')
    await keeper.query(`update clicks.rule_sets set state = 'retired' where state = 'active'`)
    await keeper.query(`update clicks.rule_sets set state = 'active', activated_at = now() where id = $1`, [
      id,
    ])
    const second = activateRuleSet(ctxWith(db), { id, rejudge: window })
    expect(await meets(keeper, second, admin)).toBe('waits')
    await keeper.query('commit')
    const answer = await second
    return { answer, started: (await admin.query('select from clicks.replays')).rowCount }
  }

  it('is refused and starts no rejudge', async () => {
    expect(await secondActivation()).toEqual({
      answer: { ok: false, reason: 'rule_set_active' },
      started: 0,
    })
  })

  it('would be refused and start one if it did not lock the draft', async () => {
    expect(await secondActivation(unlocked)).toMatchObject({ answer: { ok: false }, started: 1 })
  })
})

describe('a rejudge of a click that gets a fact at the same moment', () => {
  /** The rows of the lock are read for the lock alone, and the decision is about those of the snapshot. */
  const fromSnapshot = defectiveDb(environment.database, {
    max: 2,
    defect: (text) =>
      text.replace(
        'select * from locked',
        `select k.* from next n join clicks.clicks k using (id)
        where (select kind from running) = 'rejudge' and (select count(*) from locked) > 0`,
      ),
  })

  async function validityAfter(db?: Db): Promise<unknown> {
    const { rows } = await admin.query(`select id from clicks.rule_sets where state = 'active'`)
    const ruleSet = rows[0].id
    await admin.query('delete from clicks.rules where rule_set_id = $1', [ruleSet])
    await admin.query(
      `insert into clicks.rules (rule_set_id, name, fact, op, value, weight, class, reason)
      values ($1, 'instant', 'secondsToConvert', 'lt', '2', 100, 'S', 'because')`,
      [ruleSet],
    )
    const at = new Date(Date.now() - 600_000)
    const click = clickAt(at, (await givenCampaign(admin)).id)
    await storeClicks(ctxWith(), [click])
    await admin.query(
      `insert into clicks.replays (rule_set_id, kind, from_at, to_at)
      values ($1, 'rejudge', $2::timestamptz - interval '1 second', $2::timestamptz + interval '1 second')`,
      [ruleSet, at.toISOString()],
    )
    await keeper.query('begin')
    await keeper.query(`update clicks.clicks set facts = facts || '{"secondsToConvert": 1}' where id = $1`, [
      click.id,
    ])
    const run = ctxWith(db).db.query(runReplays())
    expect(await meets(keeper, run, admin)).toBe('waits')
    await keeper.query('commit')
    await run
    const found = await admin.query('select validity from clicks.clicks where id = $1', [click.id])
    await admin.query('delete from clicks.clicks where id = $1', [click.id])
    return found.rows[0].validity
  }

  it('decides by the fact, which its lock waited for', async () => {
    expect(await validityAfter()).toBe('sophisticated')
  })

  it('would decide without the fact if it read the click by its snapshot', async () => {
    expect(await validityAfter(fromSnapshot)).toBe('valid')
  })
})
