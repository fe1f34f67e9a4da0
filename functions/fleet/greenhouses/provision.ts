import { sql } from 'drizzle-orm'
import { greenhouses } from '../../../schema/fleet/tables/greenhouses.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { changeVersion } from '../../core/versioned.ts'
import type { Provisioned } from './contract.ts'
import { callerScope } from './scope.ts'
import { showGreenhouse } from './show.ts'

/** Replaces the provisioning token: the next generation makes the old one invalid. */
export function provisionGreenhouse(
  ctx: Ctx,
  { id, version }: { id: number; version: number },
): Promise<{ ok: true; value: Provisioned } | Refused> {
  return changeVersion(ctx, {
    verb: 'fleet.provision-greenhouse',
    db: callerScope(ctx),
    table: greenhouses,
    id,
    version,
    set: [sql`gen = t.gen + 1`],
    value: sql`jsonb_build_object('greenhouse', ${showGreenhouse('changed')}, 'gen', changed.gen)`,
  })
}
