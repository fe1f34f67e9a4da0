import { expect, it } from 'vitest'
import { freshDatabase } from '../../support/database.ts'

const { admin } = await freshDatabase()

it('the reports of a ledger without any event are compared once a day, and each comparison is kept', async () => {
  const refresh = () => admin.query('select * from ledger.refresh_aggregate_views()')
  const { rows } = await admin.query(`select pg_sequence_last_value('ledger.event_seq') as numbered`)
  expect(rows).toEqual([{ numbered: null }])
  await refresh()
  await admin.query(
    `update core.view_refreshes set started_at = started_at - interval '25 hours', duration_ms = 1`,
  )
  // A transaction compares one view. The list of today's bets is refreshed on each day.
  await refresh()
  await refresh()
  const recounts = await admin.query('select view, drift_keys::int from core.view_recounts order by view')
  expect(recounts.rows).toEqual([
    { view: 'ledger.tenants_summary_view', drift_keys: 0 },
    { view: 'ledger.user_activity_view', drift_keys: 0 },
  ])
})
