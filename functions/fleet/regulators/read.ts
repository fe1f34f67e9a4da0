import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Regulator } from './contract.ts'
import { showRegulator } from './show.ts'

export async function readRegulator(ctx: Ctx, { id }: { id: number }): Promise<Regulator | null> {
  const [row] = await replicaScope(ctx).query<{ regulator: Regulator }>(named('fleet.read-regulator')`
select ${showRegulator('r')} as regulator
from fleet.regulators r
where r.id = ${id}`)
  return row?.regulator ?? null
}
