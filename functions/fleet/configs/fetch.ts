import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import { noteContact } from '../nodes/note-contact.ts'
import { visibleNodes } from '../nodes/visible.ts'
import type { NodeConfig } from './contract.ts'
import { isOffered, showConfig } from './show.ts'

type Fetched = { config: NodeConfig; offered: boolean }

/** A node's fetch also notes its contact, in the same round trip. */
export async function fetchConfig(ctx: Ctx, { uid }: { uid: string }): Promise<Fetched | null> {
  const [row] = await callerScope(ctx).query<Fetched>(named('fleet.fetch-config')`
with ${noteContact(ctx)}
select ${showConfig()} as config, ${isOffered('c')} as offered
from fleet.nodes n
join fleet.node_configs c on c.node_id = n.id
where n.uid = ${uid}
  and ${visibleNodes(ctx, 'n')}`)
  return row ?? null
}
