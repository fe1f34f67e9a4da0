import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Regulator } from './contract.ts'
import { showRegulator } from './show.ts'

/** Sorted by id, in the order of their creation. */
export async function listRegulators(
  ctx: Ctx,
  { zone, after, limit }: { zone: number | null; after: number; limit: number },
): Promise<Regulator[]> {
  const rows = await replicaScope(ctx).query<{ regulator: Regulator }>(named('fleet.list-regulators')`
select ${showRegulator('r')} as regulator
from fleet.regulators r
where r.id > ${after}
  and ${zone === null ? sql`true` : sql`r.zone_id = ${zone}`}
order by r.id
limit ${limit}`)
  return rows.map(({ regulator }) => regulator)
}
