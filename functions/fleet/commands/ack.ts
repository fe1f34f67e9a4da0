import { sql } from 'drizzle-orm'
import { finalStates } from '../../../schema/fleet/states.ts'
import type { Ctx } from '../../core/context.ts'
import { AppError, type Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import { noteContact } from '../nodes/note-contact.ts'
import type { Ack, Command } from './contract.ts'
import { showCommand } from './show.ts'

/**
 * Takes the report of a node about its command. The same report again is the same answer.
 * Race: an epoch rises while the node reports, or the node leaves the zone. Node, zone, regulator and slot are locked before
 * the command, in the order of those changes. So the statement compares with the newest epoch and slot, and no command of an
 * old epoch, or of a zone that the node left, becomes done.
 */
export function ackCommand(
  ctx: Ctx,
  { id, ack: { state, reason } }: { id: number; ack: Ack },
): Promise<{ ok: true; value: Command } | Refused> {
  const { principal } = ctx
  if (principal?.role !== 'node') throw new AppError('forbidden')
  const isFinal = finalStates.some((one) => one === state)
  return effect(
    ctx,
    named('fleet.ack-command')`
with ${noteContact(ctx)},
wanted as materialized (
  select c.id, c.zone_id, c.regulator_id, c.node_id, n.uid
  from fleet.commands c
  join fleet.nodes n on n.id = c.node_id
  where c.id = ${id}
    and n.uid = ${principal.sub}
    and (select count(*) from seen) >= 0
),
zone as materialized (
  select z.epoch
  from fleet.zones z
  where z.id = (select zone_id from wanted)
  for share
),
regulator as materialized (
  select r.epoch
  from fleet.regulators r
  where r.id = (select regulator_id from wanted)
    and exists (select from zone)
  for share
),
slot as materialized (
  select s.zone_id
  from fleet.zone_slots s
  where s.node_id = (select node_id from wanted)
    and exists (select from zone)
    and (select count(*) from regulator) >= 0
  for share
),
found as materialized (
  select c.*, (select epoch from regulator) as present
  from fleet.commands c
  where c.id = (select id from wanted)
    and exists (select from zone)
    and (c.regulator_id is null or exists (select from regulator))
    and (select count(*) from slot) >= 0
  for update
),
decided as (
  select case
    when c.state = ${state} then null
    when c.state in ('EXPIRED', 'TIMEOUT') and c.reason is distinct from 'stale_epoch'
      or ${state}::text = 'ACK' and c.expires_at <= now() and c.state in ('QUEUED', 'SENT')
      or c.kind <> 'off' and c.state in ('QUEUED', 'SENT', 'ACK') and c.zone_id not in (select zone_id from slot)
    then jsonb_build_object('ok', false, 'reason', 'command_expired', 'state', c.state)
    when c.kind <> 'off' and (
      c.reason = 'stale_epoch'
      or c.zone_epoch < (select epoch from zone)
      or c.regulator_epoch < c.present
    )
    then jsonb_build_object('ok', false, 'reason', 'stale_epoch', 'state', c.state)
    when c.state not in ('QUEUED', 'SENT', 'ACK')
    then jsonb_build_object('ok', false, 'reason', 'illegal_transition', 'from', c.state)
  end as refused
  from found c
),
moved as (
  update fleet.commands c
  set
    state = ${state},
    reason = ${reason ?? null}::text,
    sent_at = coalesce(c.sent_at, now()),
    acked_at = coalesce(c.acked_at, now()),
    finished_at = case when ${isFinal} then coalesce(c.finished_at, now()) end
  from decided
  where c.id = ${id}
    and decided.refused is null
    and c.state <> ${state}
  returning c.*
),
after as (
  select id, zone_id, kind, channel, amount, unit, run_ms, max_run_ms, zone_epoch, state, reason, ordered_by,
    queued_at, sent_at, acked_at, finished_at, expires_at
  from moved
  union all
  select id, zone_id, kind, channel, amount, unit, run_ms, max_run_ms, zone_epoch, state, reason, ordered_by,
    queued_at, sent_at, acked_at, finished_at, expires_at
  from found
  where state = ${state}
)
select ${answer(sql`coalesce(
  (select refused from decided where refused is not null),
  (select jsonb_build_object('ok', true, 'value', ${showCommand()}) from after c cross join wanted n),
  jsonb_build_object('ok', false, 'reason', 'not_found')
)`)}`,
    callerScope(ctx),
  )
}
