import { named, type Statement } from '../../core/named.ts'
import type { Sent } from '../../core/send.ts'
import { failuresToPause, type NextStep } from '../rules.ts'

/** bigint ids, as the driver returns them. */
type Attempt = { deliveryId: string; webhookId: string; number: number }

/** Records an attempt, the next state of its delivery, and the failures in a row of its webhook. */
export function reportAttempt(
  { deliveryId, webhookId, number }: Attempt,
  sent: Pick<Sent, 'outcome' | 'status' | 'tookMs'>,
  step: NextStep,
): Statement {
  const ok = step.state === 'delivered'
  const gone = sent.outcome === 'gone'
  // Race: a slow sender reports after another sender has claimed its delivery, or after the delivery was given up. Only the
  // last attempt may end or delay a waiting delivery, but an event that arrived is delivered, whichever attempt brought it.
  return named('webhooks.report-attempt')`
with tried as (
  update webhooks.webhook_attempts
  set outcome = ${sent.outcome}, status = ${sent.status}::int, took_ms = ${sent.tookMs}
  where delivery_id = ${deliveryId}
    and number = ${number}
),
ended as (
  update webhooks.webhook_deliveries d
  set state = ${step.state},
      reason = ${step.state === 'dead' ? step.reason : null},
      due_at = now() + make_interval(secs => ${step.state === 'waiting' ? step.afterMs / 1000 : 0}),
      finished_at = case when ${step.state === 'waiting'} then null else now() end
  where d.id = ${deliveryId}
    and d.state <> 'delivered'
    and (${ok} or d.state = 'waiting' and d.attempts = ${number})
),
left_over as materialized (
  select d.id
  from webhooks.webhook_deliveries d
  where ${gone}
    and d.webhook_id = ${webhookId}
    and d.state = 'waiting'
    and d.id <> ${deliveryId}
  order by d.id
  for update
),
abandoned as (
  update webhooks.webhook_deliveries d
  set state = 'dead', reason = 'gone (410), not tried', finished_at = now()
  from left_over l
  where d.id = l.id
)
update webhooks.webhooks w
set failures = case when ${ok} then 0 else w.failures + 1 end,
    failing_since = case when ${ok} then null else coalesce(w.failing_since, now()) end,
    paused_until = case
      when ${ok} or w.failures + 1 < ${failuresToPause} then null
      else now() + least(interval '1 hour', interval '15 seconds' * 2 ^ least(w.failures + 1 - ${failuresToPause}, 10)) * (0.8 + 0.4 * random())
    end,
    disabled_at = case when ${gone} then now() else w.disabled_at end,
    disabled_for = case when ${gone} then 'the receiver answered 410 Gone' else w.disabled_for end,
    version = w.version + ${gone ? 1 : 0}
where w.id = ${webhookId}
  and (w.failures > 0 or not ${ok})`
}
