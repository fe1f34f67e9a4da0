import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { AppError, type Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { emit } from '../../core/outbox.ts'
import { DatabaseError } from '../../core/sqlstate.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { Hello, Registered } from './contract.ts'
import { decommissioned } from './decommissioned.ts'
import { showNode } from './show.ts'

const mostNames = 5

/**
 * Registers a device, or takes the facts that it sends again. Only a uid that another device has makes it try the next
 * name.
 */
export async function hello(ctx: Ctx, said: Hello): Promise<Registered | Refused> {
  const { principal } = ctx
  if (principal?.role !== 'greenhouse') throw new AppError('forbidden')
  for (let nth = 1; ; nth += 1) {
    try {
      const statement = registering(said, { greenhouse: principal.sub, gen: principal.gen, nth })
      return await effect<Registered | Refused>(ctx, statement, callerScope(ctx))
    } catch (error) {
      if (nth === mostNames || !hasForeignName(error)) throw error
      ctx.log.info('hello', { retry: nth + 1 })
    }
  }
}

function hasForeignName(error: unknown): boolean {
  return error instanceof DatabaseError && error.sqlstate === '23505' && error.constraint === 'nodes_uid'
}

type By = { greenhouse: string; gen: number; nth: number }

/**
 * Race: two hellos of one hardware id. The second waits for the row of the first and updates it. `old` is null only for
 * the one that inserted, so one answer has the first credential.
 */
function registering(said: Hello, { greenhouse, gen, nth }: By): Statement {
  const { hardwareId, nodeType, fwVersion = null, hardwareRevision = null, nodeName = null } = said
  const lost = said.credential === 'lost'
  const takes = sql`n.lifecycle <> 'DECOMMISSIONED' and n.type = excluded.type`
  const renews = sql`${lost} and ${takes} and (n.used_gen < n.gen or coalesce(n.reprovision_until > now(), false))`
  return named('fleet.hello')`
with house as materialized (
  select id, tenant_id
  from fleet.greenhouses
  where id = ${greenhouse}::bigint
    and gen = ${gen}::int
),
said as (
  insert into fleet.nodes as n
    (tenant_id, greenhouse_id, hardware_id, uid, type, name, fw_version, hardware_revision)
  select tenant_id, id, ${hardwareId}, ${nameOf(said)} || ${nth === 1 ? '' : `-${nth}`}::text,
    ${nodeType}, ${nodeName}, ${fwVersion}, ${hardwareRevision}
  from house
  on conflict on constraint nodes_hardware do update
  set
    name = case when ${takes} then coalesce(excluded.name, n.name) else n.name end,
    fw_version = case when ${takes} then coalesce(excluded.fw_version, n.fw_version) else n.fw_version end,
    hardware_revision = case when ${takes}
      then coalesce(excluded.hardware_revision, n.hardware_revision) else n.hardware_revision end,
    gen = n.gen + (${renews})::int,
    version = n.version + (${takes} and (
      coalesce(excluded.name, n.name) is distinct from n.name
      or coalesce(excluded.fw_version, n.fw_version) is distinct from n.fw_version
      or coalesce(excluded.hardware_revision, n.hardware_revision) is distinct from n.hardware_revision
    ))::int
  returning new.*, old.id is null as created, old.gen as old_gen
),
configured as (
  insert into fleet.node_configs (node_id, tenant_id)
  select id, tenant_id
  from said
  where created
),
-- A node whose first hello committed after this snapshot has the configuration of a new one.
configs as (
  select said.id as node_id, c.reason, c.outcome, c.override_until,
    coalesce(c.desired_version, 1) as desired_version,
    coalesce(c.reported_version, 0) as reported_version,
    case when c.node_id is null then now() else c.drifted_at end as drifted_at
  from said
  left join fleet.node_configs c on c.node_id = said.id
),
registered as (select * from said where created),
told as (${emit({
    topic: 'fleet',
    from: 'registered',
    type: 'node.registered',
    subject: sql`'node:' || registered.uid`,
    audience: sql`'tenant:' || registered.tenant_id`,
    data: sql`jsonb_build_object('uid', registered.uid, 'type', registered.type, 'greenhouseId', registered.greenhouse_id)`,
  })})
select ${answer(sql`coalesce(
  (
    select case
      when n.type <> ${nodeType} then jsonb_build_object(
        'ok', false, 'reason', 'conflict', 'detail', 'This hardware is registered as another type of node')
      when n.lifecycle = 'DECOMMISSIONED' then ${decommissioned}
      when ${lost} and not n.created and n.gen = n.old_gen then jsonb_build_object(
        'ok', false, 'reason', 'credential_in_use', 'uid', n.uid,
        'detail', 'The node has used its credential: reprovision it, then say hello within ten minutes')
      else jsonb_build_object(
        'ok', true,
        'node', ${showNode('n', { config: 'configs' })},
        'tenantId', n.tenant_id,
        'created', n.created,
        'gen', case when n.created or n.gen > n.old_gen then n.gen end
      )
    end
    from said n
  ),
  jsonb_build_object('ok', false, 'reason', 'unauthenticated', 'detail', 'The provisioning token was replaced')
)`)}`
}

/** Eight hex digits of a digest, because a hardware id may be too long for a name, or say too much. */
function nameOf({ hardwareId, nodeType }: Hello): SQL {
  return sql`'nd-' || ${nodeType}::text || '-' || left(encode(sha256(convert_to(
    house.tenant_id || ':' || ${hardwareId}, 'UTF8')), 'hex'), 8)`
}
