import { sql } from 'drizzle-orm'
import { effectAgain } from '../../core/again.ts'
import type { Ctx } from '../../core/context.ts'
import { AppError, type Refused } from '../../core/errors.ts'
import { answer } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { hasSqlstate } from '../../core/sqlstate.ts'
import { raiseConfig } from '../configs/raise.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { Swapped } from './contract.ts'
import { leaveBehind } from './leave-behind.ts'
import { showNode } from './show.ts'

/**
 * Gives the slot of one node to another, by one update of the slot: the zone never has two nodes of the type, and never
 * none. Race: either node is bound, swapped or decommissioned at the same moment. Both rows are locked in one order. If
 * a locked row is newer than the snapshot, so may be its slot and its binding, and the statement is sent again.
 */
export async function swapNodes(
  ctx: Ctx,
  { uid, by }: { uid: string; by: string },
): Promise<({ ok: true } & Swapped) | Refused> {
  const statement = named('fleet.swap-nodes')`
with locked as materialized (
  select *
  from fleet.nodes
  where uid in (${uid}, ${by})
  order by id
  for update
),
pair as materialized (
  select
    a.id as old_id, b.id as new_id, s.zone_id,
    case
      when a.id is null or b.id is null then jsonb_build_object('ok', false, 'reason', 'not_found')
      when exists (
        select
        from locked l
        join fleet.nodes before on before.id = l.id
        where before.version <> l.version
      ) then '{"again":true}'
      when a.id = b.id or a.type <> b.type or a.greenhouse_id <> b.greenhouse_id then jsonb_build_object(
        'ok', false, 'reason', 'unprocessable',
        'detail', 'The other node must be of the same type and greenhouse')
      when b.lifecycle <> 'REGISTERED_BACKEND' then jsonb_build_object(
        'ok', false, 'reason', 'illegal_transition', 'detail', 'The other node must be free', 'from', b.lifecycle)
      when s.zone_id is null then jsonb_build_object(
        'ok', false, 'reason', 'illegal_transition', 'detail', 'This node is in no zone', 'from', a.lifecycle)
    end as refused
  from (select 1) one
  left join locked a on a.uid = ${uid}
  left join locked b on b.uid = ${by}
  left join fleet.zone_slots s on s.node_id = a.id
),
slot as (
  update fleet.zone_slots s
  set node_id = pair.new_id
  from pair
  where s.node_id = pair.old_id
    and pair.refused is null
  returning pair.old_id, pair.new_id, s.zone_id
),
changed as (
  update fleet.nodes n
  set
    version = n.version + 1,
    lifecycle = case
      when n.id = slot.new_id then 'ASSIGNED_TO_ZONE'
      when n.lifecycle = 'MAINTENANCE' then n.lifecycle
      else 'REGISTERED_BACKEND'
    end
  from slot
  where n.id in (slot.old_id, slot.new_id)
  returning n.*
),
begun as (
  insert into fleet.zone_bindings (tenant_id, zone_id, node_id)
  select n.tenant_id, slot.zone_id, n.id
  from slot
  join changed n on n.id = slot.new_id
),${leaveBehind({ from: sql`slot`, id: sql`slot.old_id`, after: sql`slot` })},${raiseConfig('changed')}
select ${answer(sql`coalesce(
  (
    select jsonb_build_object(
      'ok', true,
      'removed', ${showNode('removed', { zone: sql`null`, config: 'configured' })},
      'placed', ${showNode('placed', { zone: sql`slot.zone_id`, config: 'configured' })}
    )
    from slot
    join changed removed on removed.id = slot.old_id
    join changed placed on placed.id = slot.new_id
  ),
  (select refused from pair)
)`)}`
  const outcome = await effectAgain<({ ok: true } & Swapped) | Refused>(ctx, {
    statement,
    db: callerScope(ctx),
    attempts: 5,
    isOutdated: (error) => hasSqlstate(error, '23505'),
  })
  if (outcome === null) throw new AppError('busy', undefined, { retryAfter: 1 })
  return outcome
}
