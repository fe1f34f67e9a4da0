import { named, type Statement } from '../../core/named.ts'

/** Ends deliveries after their three days, even if they were never attempted behind an earlier event of their subject. */
export function giveUpLate(): Statement {
  return named('webhooks.give-up-late')`
update webhooks.webhook_deliveries
set state = 'dead', reason = 'not delivered within three days', finished_at = now()
where id in (
  select id
  from webhooks.webhook_deliveries
  where state = 'waiting'
    and give_up_at <= now()
    and due_at <= now()
  limit 1000
  for update skip locked
)`
}
