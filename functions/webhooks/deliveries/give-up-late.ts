import { named, type Statement } from '../../core/named.ts'

/** Deliveries of one run, so that its transaction is short. */
const most = 1_000

/**
 * Ends deliveries after their three days, even if they were never attempted behind an earlier event of their subject.
 * Those of a disabled webhook stay queued: enabling it gives them three new days (subscriptions/edit.ts).
 */
export function giveUpLate(): Statement {
  // An array, because Postgres expects a thousand rows of the query, and would read all deliveries to find them.
  return named('webhooks.give-up-late')`
update webhooks.webhook_deliveries
set state = 'dead', reason = 'not delivered within three days', finished_at = now()
where id = any (array(
  select d.id
  from webhooks.webhooks w
  cross join lateral (
    select late.id
    from webhooks.webhook_deliveries late
    where late.webhook_id = w.id
      and late.state = 'waiting'
      and late.give_up_at <= now()
      and late.due_at <= now()
    order by late.give_up_at
    limit ${most}
    for update skip locked
  ) d
  where w.disabled_at is null
    or w.removed_at is not null
  limit ${most}
))`
}
