import { beforeEach, expect, it } from 'vitest'
import { listViews } from '../../../functions/ops/views/list.ts'
import { viewRules } from '../../../functions/ops/views/watch.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { sent } from '../../support/sent.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
const name = 'space.mv_osdr_by_year'

const refresh = () => admin.query('select core.refresh_view($1)', [name])
const item = (id: string) =>
  admin.query(
    `insert into space.osdr_items (dataset_id, title, release_date, assay_types, raw, content_hash)
     values ($1, 'x', '2001-01-01', '[]', '{}', 'x')`,
    [id],
  )
const agoOf = (hours: number) =>
  admin.query(
    `update core.view_refreshes set started_at = started_at - $1 * interval '1 hour', duration_ms = 1`,
    [hours],
  )
const seen = async () => (await listViews(environment.ctx(), [])).find((view) => view.name === name)

beforeEach(async () => {
  await admin.query('truncate core.view_refreshes, core.view_recounts')
  await admin.query('delete from space.osdr_items')
})

/** A run that found a write which was not counted, and repaired the view. */
async function givenDrift() {
  await refresh()
  await admin.query('set session_replication_role = replica')
  await item('uncounted')
  await admin.query('set session_replication_role = origin')
  await agoOf(25)
  await refresh()
}

it('the rows that a comparison found are shown until a refresh that started later', async () => {
  expect(await seen()).toMatchObject({ driftKeys: null, verifiedAt: null })
  await givenDrift()
  const found = await seen()
  expect(found?.driftKeys).toBe(1)
  await refresh()
  expect(await seen()).toMatchObject({ driftKeys: 1, verifiedAt: found?.verifiedAt })
  await item('counted')
  await refresh()
  const after = await seen()
  expect(after?.driftKeys).toBe(0)
  expect(after?.verifiedAt).toBe(after?.lastRefresh)
})

it('the alert shows the rows of a comparison exactly as long as it counts them', async () => {
  const rule = viewRules.find((one) => one.name === 'view_recount')
  if (rule === undefined || !('value' in rule)) throw new Error('The rule has no statement')
  const ctx = environment.ctx()
  const rows = async () => {
    const counted = await ctx.db.query(sent`${rule.value(ctx)}`)
    const shown = await ctx.db.query(sent`${rule.evidence?.(ctx)}`)
    return [counted.length, shown.length]
  }
  await givenDrift()
  expect(await rows()).toEqual([1, 1])
  await admin.query(`update core.view_recounts set recounted_at = recounted_at - interval '25 hours'`)
  expect(await rows()).toEqual([0, 0])
})
