import { expect, it } from 'vitest'
import { readSummary } from '../../../functions/ledger/reports/read-summary.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { untilLasts } from '../../support/lasting.ts'
import { fund, tenantContext } from '../support/context.ts'

await untilLasts('day', 30)
const world = await freshEnvironment()
const { admin } = world.database
let tenants = 0

/** Opens a transaction, runs the statement and returns the function that commits. */
async function inTheMiddle(tenantId: number, statement: string) {
  const client = await world.database.connect(world.database.workerUrl)
  await client.query('begin')
  await client.query(`select set_config('app.tenant_id', '${tenantId}', true)`)
  await client.query(statement)
  return () => client.query('commit')
}

const account = '{"userId":"u-late","currency":"USD","amountMinor":100}'
const lateDeposit = `select ledger.append_events('[
  {"aggregateId":"late","type":"V1_PAYMENTS_DEPOSIT_REQUESTED","data":${account}},
  {"aggregateId":"late","type":"V1_PAYMENTS_DEPOSIT_COMPLETED","data":${account}}
]', 'x')`

async function refresh(): Promise<string[]> {
  const { rows } = await admin.query<{ outcome: string }>(
    'select outcome from ledger.refresh_aggregate_views()',
  )
  return [...new Set(rows.map(({ outcome }) => outcome))]
}

const deposits = async (tenantId: number) =>
  (await readSummary(tenantContext(world, tenantId))).data.map((row) => Object(row).deposits)

it('a refresh beside an open write transaction is followed by another', async () => {
  const tenantId = ++tenants
  await fund(tenantContext(world, tenantId), 500)
  const commit = await inTheMiddle(tenantId, lateDeposit)
  expect(await refresh()).toEqual(['refreshed'])
  expect(await deposits(tenantId)).toEqual([1])
  await commit()
  expect(await refresh()).toEqual(['refreshed'])
  expect(await deposits(tenantId)).toEqual([2])
  expect(await refresh()).toEqual(['skipped'])
})

it('an open transaction without ledger writes does not prevent skipping', async () => {
  const tenantId = ++tenants
  await fund(tenantContext(world, tenantId), 500)
  const commit = await inTheMiddle(tenantId, 'select pg_current_xact_id()')
  expect(await refresh()).toEqual(['refreshed'])
  expect(await refresh()).toEqual(['skipped'])
  await commit()
})

it('a refresh that ignored open writers would lose late commits', async () => {
  const tenantId = ++tenants
  await fund(tenantContext(world, tenantId), 500)
  const { rows } = await admin.query<{ text: string }>(
    `select pg_get_functiondef('ledger.refresh_aggregate_views()'::regprocedure) as text`,
  )
  const text = rows[0]?.text ?? ''
  expect(text).toContain('where l.relation =')
  await admin.query(text.replace('where l.relation =', 'where false and l.relation ='))
  const commit = await inTheMiddle(tenantId, lateDeposit)
  expect(await refresh()).toEqual(['refreshed'])
  await commit()
  expect(await refresh()).toEqual(['skipped'])
  expect(await deposits(tenantId)).toEqual([1])
  await admin.query(text)
})
