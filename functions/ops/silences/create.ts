import { sql } from 'drizzle-orm'
import { actorOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { noteAction } from '../../core/note-action.ts'
import type { NewSilence, Silence } from './contract.ts'
import { showSilence } from './show.ts'

type Outcome = { ok: true; silence: Silence } | { ok: false; reason: 'outside' | 'nothing_open' }

/** Holds back the messages of some alerts. Their states go on, and a message that is true at the end is sent then. */
export async function createSilence(ctx: Ctx, wanted: NewSilence): Promise<Outcome> {
  const { rule = null, labels, reason, until = null } = wanted
  const held = JSON.stringify(labels)
  // Race: the alert ends while the silence begins. The next evaluation ends a silence without an open alert.
  return effect<Outcome>(
    ctx,
    named('ops.create-silence')`
with wanted as (
  select ${until}::timestamptz as until,
    case
      when ${until}::timestamptz is not null
        then ${until}::timestamptz > now() and ${until}::timestamptz <= now() + interval '7 days'
      else exists (
        select
        from core.alerts a
        where a.ended_at is null
          and (${rule}::text is null or a.rule = ${rule})
          and a.labels @> ${held}::jsonb
      )
    end as allowed
),
s as (
  insert into core.silences (rule, labels, reason, by, until)
  select ${rule}, ${held}::jsonb, ${reason}, ${actorOf(ctx)}, until
  from wanted
  where allowed
  returning *
),
noted as (${noteAction(ctx, {
      action: 'silence.create',
      from: 's',
      subject: sql`'silence:' || id`,
      reason: sql`reason`,
      detail: sql`jsonb_build_object('rule', rule, 'labels', labels, 'until', core.iso(until))`,
    })}
)
select ${answer(sql`coalesce(
  (select jsonb_build_object('ok', true, 'silence', ${showSilence()}) from s),
  jsonb_build_object('ok', false, 'reason', case when ${until}::timestamptz is null then 'nothing_open' else 'outside' end)
)`)}`,
  )
}
