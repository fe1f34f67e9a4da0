import type { freshEnvironment } from '../../core/environment.ts'

/** Inserts a credit of 1 and returns the function that commits it. */
export async function lateCredit(
  world: Awaited<ReturnType<typeof freshEnvironment>>,
  tenantId: number,
): Promise<() => Promise<unknown>> {
  const client = await world.database.connect(world.database.workerUrl)
  await client.query('begin')
  await client.query(`select set_config('app.tenant_id', '${tenantId}', true)`)
  await client.query(
    `insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
     values ($1, 'late', 1, 'V1_BALANCES_BALANCE_CREDITED', '{"userId":"u-late","currency":"USD","amountMinor":1}', 'x')`,
    [tenantId],
  )
  return () => client.query('commit')
}
