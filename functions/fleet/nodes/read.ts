import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Node } from './contract.ts'
import { showNode } from './show.ts'
import { visibleNodes } from './visible.ts'

export async function readNode(ctx: Ctx, { uid }: { uid: string }): Promise<Node | null> {
  const [row] = await replicaScope(ctx).query<{ node: Node }>(named('fleet.read-node')`
select ${showNode('n')} as node
from fleet.nodes n
where n.uid = ${uid}
  and ${visibleNodes(ctx, 'n')}`)
  return row?.node ?? null
}
