import { expect, it } from 'vitest'
import { dueRecalculation } from '../../../functions/fleet/telemetry/recalculate.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { explain } from '../../support/explain.ts'
import { inSteps } from '../../support/fill.ts'
import { givenNode } from '../support/samples.ts'

const environment = await freshEnvironment()
const { admin, connect } = environment.database

it('the search for a due calibration reads few pages beside many that are applied, also of its tenant', async () => {
  const { id } = await givenNode(environment, { tenantId: 1 })
  await inSteps(50_000, (from, to) =>
    admin.query(
      `insert into fleet.calibrations
         (node_id, metric_id, channel, from_at, tenant_id, gain, shift, created_at, applied_at, served_at)
       select $3, 1, n::text, now(), 1 + n % 2, 1, 0, now(), now(), now() - n * interval '1 second'
       from generate_series($1::int, $2::int) n`,
      [from, to, id],
    ),
  )
  await admin.query(
    `insert into fleet.calibrations (node_id, metric_id, channel, from_at, tenant_id, gain, shift, created_at)
     select $1, 1, 'due', now(), 1, 1, 0, now() - interval '1 hour'`,
    [id],
  )
  await admin.query('vacuum analyze fleet.calibrations')
  const client = await connect()
  const { rows } = await explain(client, dueRecalculation({ mostSamples: 5, mostMinutes: 5, failed: [] }))
  const plan = rows[0]['QUERY PLAN'][0].Plan
  expect(plan['Actual Rows']).toBe(1)
  const pages = plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
  const whole = await admin.query(`select pg_relation_size('fleet.calibrations')::int / 8192 as pages`)
  expect(pages).toBeLessThan(whole.rows[0].pages / 10)
})
