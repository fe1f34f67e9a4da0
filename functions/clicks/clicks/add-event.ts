import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { visibleTo } from '../campaigns/visible.ts'
import type { ClickEvent, NewEvent } from './contract.ts'

export type AddedEvent =
  | { ok: true; added: boolean; event: ClickEvent }
  | { ok: false; reason: 'not_found' | 'conflict' }

/** Records something that a visitor did with a click. The same id again is the same event. */
export function addEvent(
  ctx: Ctx,
  { clickId, id, type, data = {} }: NewEvent & { clickId: string },
): Promise<AddedEvent> {
  // Race: the same event comes twice at once. The second insert waits and conflicts, and the update that changes nothing
  // returns the row of the first.
  return effect(
    ctx,
    named('clicks.add-event')`
with click as (
  select k.id
  from clicks.clicks k
  join clicks.campaigns c on c.id = k.campaign_id
  where k.id = ${clickId}
    and ${visibleTo(ctx, 'c')}
),
added as (
  insert into clicks.events as e (id, click_id, event_type, event_data)
  select coalesce(${id ?? null}::uuid, uuidv7()), id, ${type}, ${JSON.stringify(data)}::jsonb
  from click
  on conflict (id) do update set id = e.id
  returning e.*, old.id is null as is_new
)
select ${answer(sql`case
  when not exists (select from click) then jsonb_build_object('ok', false, 'reason', 'not_found')
  when a.click_id <> ${clickId} then jsonb_build_object('ok', false, 'reason', 'conflict')
  else jsonb_build_object('ok', true, 'added', a.is_new, 'event', jsonb_build_object(
    'id', a.id, 'type', a.event_type, 'data', a.event_data, 'createdAt', core.iso(a.created_at)
  ))
end`)}
from (select) one
left join added a on true`,
  )
}
