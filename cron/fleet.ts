import { aroundCall, asStatement, inPortions, type Job, underLease } from '../functions/core/job.ts'
import { watchAlerts } from '../functions/fleet/alerts/watch.ts'
import { publishPending } from '../functions/fleet/configs/publish-pending.ts'
import { armRegulators } from '../functions/fleet/cycles/arm.ts'
import { everyTenant } from '../functions/fleet/greenhouses/scope.ts'
import { degradeNodes } from '../functions/fleet/nodes/degrade.ts'
import { foldTelemetry } from '../functions/fleet/telemetry/fold.ts'
import { recalculate } from '../functions/fleet/telemetry/recalculate.ts'
import { removeOld } from '../functions/fleet/upkeep/remove-old.ts'
import { endModes } from '../functions/fleet/zones/end-modes.ts'
import { locks } from '../functions/registry/locks.ts'

export const fleetJobs: Job[] = [
  {
    name: 'fleet-rearm',
    cron: '* * * * *',
    lock: locks.fleetRearm,
    run: aroundCall(armRegulators, async (_ctx, _tx, rows) => ({ rows })),
  },
  {
    name: 'fleet-alerts',
    cron: '* * * * *',
    lock: locks.fleetAlerts,
    run: countingOverflows(forEveryTenant(asStatement(watchAlerts))),
  },
  {
    name: 'fleet-silence',
    cron: '* * * * *',
    lock: locks.fleetSilence,
    run: forEveryTenant(asStatement(degradeNodes)),
  },
  {
    name: 'fleet-modes',
    cron: '* * * * *',
    lock: locks.fleetModes,
    run: forEveryTenant(asStatement(endModes)),
  },
  {
    name: 'fleet-publisher',
    cron: '* * * * *',
    lock: locks.fleetPublisher,
    run: forEveryTenant(underLease(publishPending)),
  },
  {
    name: 'fleet-fold',
    cron: '* * * * *',
    lock: locks.fleetFold,
    run: forEveryTenant(underLease(foldTelemetry)),
  },
  {
    name: 'fleet-recalculate',
    cron: '* * * * *',
    lock: locks.fleetRecalculate,
    run: forEveryTenant(underLease(recalculate)),
  },
  {
    name: 'fleet-retention',
    cron: '*/15 * * * *',
    lock: locks.fleetRetention,
    run: forEveryTenant(inPortions(removeOld)),
  },
]

/** Row-level security shows a job nothing unless it names the tenants. */
function forEveryTenant(run: Job['run']): Job['run'] {
  return (ctx, job, fired) => run({ ...ctx, db: ctx.db.with(everyTenant) }, job, fired)
}

function countingOverflows(run: Job['run']): Job['run'] {
  return async (ctx, job, fired) => {
    const result = await run(ctx, job, fired)
    const overflows = result.ran ? Number(result.value['overflows'] ?? 0) : 0
    if (overflows > 0) ctx.metrics.count('telemetry_queue_overflow_alerts_total', {}, overflows)
    return result
  }
}
