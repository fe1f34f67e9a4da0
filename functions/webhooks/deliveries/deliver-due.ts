/**
 * One delivery round: it claims the deliveries that are due, attempts each of them and records the outcome.
 *
 * Guarantee: each delivery ends as delivered (a 2xx) or as dead with a reason, after at most three days. The events of
 * one subject reach a webhook one after the other, in order. A Retry-After is honoured up to the schedule's longest pause,
 * six hours, and the last attempt is made at the end of the three days. The deliveries of a sender that dies are due again after
 * `claimSeconds`. So an event may arrive twice, with the same id and the same body, but it is never lost.
 * How a receiver loses: it answers no 2xx for three days, or once 410. A receiver that fails five times in a row gets one
 * attempt at a time, with growing pauses, so that it delays no other receiver. Owners share a round equally, and the first
 * delivery of each comes before the second of any, so that an owner with many slow receivers delays no other owner for long.
 * The caller must repeat it. Any number of rounds may run at once. Driver: HTTP.
 */
import { pauseMs } from '../../core/backoff.ts'
import type { Ctx } from '../../core/context.ts'
import { decryptSecret } from '../../core/encrypt.ts'
import { named, type Statement } from '../../core/named.ts'
import { send } from '../../core/send.ts'
import { attemptPauses, failuresToPause, nextStep } from '../rules.ts'
import { encryptionFor } from '../subscriptions/encryption.ts'
import { reportAttempt } from './report-attempt.ts'
import { signedHeaders } from './sign.ts'

type Claimed = {
  /** bigint, as the driver returns it. */
  id: string
  webhookId: string
  eventId: string
  body: string
  attempt: number
  tries: number
  giveUpAt: string
  url: string
  owner: string
  secrets: string[]
}

/** Longer than a round can take: a claim that is older belongs to a sender that died. */
const claimSeconds = 120
/** Deliveries of one round, and of one webhook in it: no webhook can fill a round with attempts that hang. */
const roundLimit = 30
/** An owner may have so many of a round, however many owners there are. */
const ownerLeast = 3
const webhookLimit = 6
/** Calls at once. Cloudflare allows an invocation six connections, and other jobs of the same minute run in it. */
const callsAtOnce = 3

type Round = { claimed: number; delivered: number }

/** `only` restricts the round to one delivery. */
export async function deliverDue(ctx: Ctx, only?: { deliveryId: number }): Promise<Round> {
  const claimed = await ctx.db.query<Claimed>(claimStatement(only?.deliveryId ?? null))
  const waiting = claimed.values()
  let delivered = 0
  await Promise.all(
    Array.from({ length: callsAtOnce }, async () => {
      for (const delivery of waiting) if (await attempt(ctx, delivery)) delivered += 1
    }),
  )
  return { claimed: claimed.length, delivered }
}

/** Returns whether it arrived. If the report is lost, the delivery stays claimed and is due again later. */
async function attempt(ctx: Ctx, delivery: Claimed): Promise<boolean> {
  const { id, webhookId, eventId, body, url, owner, attempt: number, tries } = delivery
  const { WEBHOOK_ALLOW: allowed, DNS_OVER_HTTPS: resolver } = ctx.env
  try {
    const encryption = encryptionFor(ctx.env, owner)
    const secrets = await Promise.all(delivery.secrets.map((secret) => decryptSecret(secret, encryption)))
    const signed = await signedHeaders({ id: eventId, body, at: ctx.now(), secrets })
    const sent = await send({
      url,
      headers: { ...signed, ...always },
      body,
      allowed,
      resolver,
      longestWaitMs: attemptPauses.longestMs,
    })
    ctx.metrics.count('upstream_requests_total', { upstream: 'webhooks', outcome: sent.outcome })
    const pause = pauseMs(attemptPauses, { tries, random: Math.random(), atLeastMs: sent.retryAfterMs })
    const step = nextStep(sent, { ...delivery, now: ctx.now(), pauseMs: pause })
    await ctx.db.query(reportAttempt({ deliveryId: id, webhookId, number }, sent, step))
    return sent.outcome === 'delivered'
  } catch (error) {
    ctx.log.error('webhook', error, { delivery: id, webhook: webhookId, attempt: number })
    return false
  }
}

const always = { 'content-type': 'application/json', 'user-agent': 'Lockstep-Webhooks/1' }

function claimStatement(onlyId: number | null): Statement {
  // Race: two senders claim at once. One of them locks a due delivery; the other finds it locked, or no longer due.
  // The first waiting delivery of a subject holds back the rest, also while it is claimed, because it stays `waiting`.
  return named('webhooks.claim-due')`
with receivers as materialized (
  select w.id, w.owner, case when w.failures >= ${failuresToPause} then 1 else ${webhookLimit} end as most
  from webhooks.webhooks w
  where w.disabled_at is null
    and w.removed_at is null
    and (w.paused_until is null or w.paused_until <= now() or ${onlyId !== null})
),
open as materialized (
  select d.id, d.due_at, w.owner, row_number() over (partition by w.owner order by d.due_at, d.id) as nth
  from receivers w
  cross join lateral (
    select d.id, d.due_at
    from webhooks.webhook_deliveries d
    where d.webhook_id = w.id
      and d.state = 'waiting'
      and d.due_at <= now()
      and (${onlyId}::bigint is null or d.id = ${onlyId}::bigint)
      and not exists (
        select from webhooks.webhook_deliveries earlier
        where earlier.webhook_id = d.webhook_id
          and earlier.subject = d.subject
          and earlier.state = 'waiting'
          and earlier.id < d.id
      )
    order by d.due_at, d.id
    limit w.most
  ) d
),
due as materialized (
  select id, nth
  from open
  where nth <= greatest(${ownerLeast}, ${roundLimit} / (select count(distinct owner) from open))
  order by nth, due_at, id
  limit ${roundLimit}
),
taken as materialized (
  select d.id
  from webhooks.webhook_deliveries d
  where d.id in (select id from due)
    and d.state = 'waiting'
    and d.due_at <= now()
  order by d.id
  for update skip locked
),
claimed as (
  update webhooks.webhook_deliveries d
  set attempts = d.attempts + 1,
      tries = d.tries + 1,
      due_at = now() + make_interval(secs => ${claimSeconds})
  from taken
  where d.id = taken.id
  returning d.*
),
begun as (
  insert into webhooks.webhook_attempts (delivery_id, number, started_at)
  select id, attempts, clock_timestamp()
  from claimed
)
select d.id, d.webhook_id as "webhookId", d.event_id as "eventId", d.body, d.attempts as attempt, d.tries,
  core.iso(d.give_up_at) as "giveUpAt", w.url, w.owner,
  case when w.old_secret_until > now() then array[w.secret, w.old_secret] else array[w.secret] end as secrets
from claimed d
join due on due.id = d.id
join webhooks.webhooks w on w.id = d.webhook_id
order by due.nth, d.id`
}
