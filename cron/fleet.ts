import { asStatement, inSession, type Job, underLease } from '../functions/core/job.ts'
import { publishPending } from '../functions/fleet/configs/publish-pending.ts'
import { everyTenant } from '../functions/fleet/greenhouses/scope.ts'
import { degradeNodes } from '../functions/fleet/nodes/degrade.ts'
import { foldTelemetry } from '../functions/fleet/telemetry/fold.ts'
import { endModes } from '../functions/fleet/zones/end-modes.ts'
import { locks } from '../functions/registry/locks.ts'

export const fleetJobs: Job[] = [
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
    run: inSession(foldTelemetry),
  },
]

/** Row-level security shows a job nothing unless it names the tenants. */
function forEveryTenant(run: Job['run']): Job['run'] {
  return (ctx, job, fired) => run({ ...ctx, db: ctx.db.with(everyTenant) }, job, fired)
}
