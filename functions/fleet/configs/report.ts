import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import { noteContact } from '../nodes/note-contact.ts'
import { visibleNodes } from '../nodes/visible.ts'
import type { ConfigReport, ReportedConfig } from './contract.ts'
import { isOffered } from './show.ts'

type Report = { uid: string; report: ConfigReport }

/**
 * Race: an operator changes the configuration while the node reports the old version. The row is locked before the
 * versions are compared, so a report of the old version is `superseded` and never ends the drift.
 * Race: the node moves to another zone. Both lock the node before its configuration, and channels need the node as well.
 */
export function reportConfig(
  ctx: Ctx,
  { uid, report: { version, outcome, reason, until, channels } }: Report,
): Promise<{ ok: true; value: ReportedConfig } | Refused> {
  const isNow = sql`c.desired_version = ${version}::int`
  const becomes = (said: ConfigReport['outcome']) => sql`(${isNow} and ${outcome}::text = ${said})`
  return effect(
    ctx,
    named('fleet.report-config')`
with ${noteContact(ctx)},
node as materialized (
  select n.id
  from fleet.nodes n
  where n.uid = ${uid}
    and ${visibleNodes(ctx, 'n')}
  for key share
),
found as materialized (
  select node.id, c.desired_version
  from node
  join fleet.node_configs c on c.node_id = node.id
  for update of c
),
reported as (
  update fleet.node_configs c
  set
    outcome = case when ${isNow} then ${outcome}::text else 'superseded' end,
    reason = ${reason ?? null}::text,
    reported_at = now(),
    reported_version = case
      when ${outcome}::text = 'applied' then greatest(c.reported_version, ${version}::int) else c.reported_version
    end,
    rejections = case
      when ${becomes('rejected')} then c.rejections + 1
      when ${becomes('applied')} then 0
      else c.rejections
    end,
    override_until = case
      when ${becomes('local_override')} then ${until ?? null}::timestamptz when ${isNow} then null else c.override_until
    end,
    -- After a local override the document is published again.
    published_version = case when ${becomes('local_override')} then 0 else c.published_version end,
    drifted_at = case when ${becomes('applied')} then null else coalesce(c.drifted_at, now()) end
  from found
  where c.node_id = found.id
    and c.desired_version >= ${version}::int
  returning c.*
),
channels as (
  insert into fleet.channels (node_id, channel, tenant_id, kind, metric)
  select distinct on (said.channel) r.node_id, said.channel, r.tenant_id, said.kind, said.metric
  from reported r
  cross join jsonb_to_recordset(${JSON.stringify(channels ?? [])}::jsonb)
    as said (channel text, kind text, metric text)
  order by said.channel
  on conflict (node_id, channel) do update
  set kind = excluded.kind, metric = excluded.metric, reported_at = now()
),
removed as (
  delete from fleet.channels k
  using reported r
  where k.node_id = r.node_id
    and ${channels !== undefined}
    and k.channel <> all (${sql.param((channels ?? []).map((one) => one.channel))}::text[])
)
select ${answer(sql`coalesce(
  (
    select jsonb_build_object('ok', true, 'value', jsonb_build_object(
      'version', ${version}::int,
      'desiredVersion', reported.desired_version,
      'outcome', reported.outcome,
      'offered', ${isOffered('reported')}
    ))
    from reported
  ),
  (
    select jsonb_build_object('ok', false, 'reason', 'unprocessable', 'detail', 'This version was never desired')
    from found
  ),
  jsonb_build_object('ok', false, 'reason', 'not_found')
)`)}`,
    callerScope(ctx),
  )
}
