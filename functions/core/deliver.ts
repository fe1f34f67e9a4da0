/**
 * Deliveries on their way: claimed, attempted, and brought to an end.
 *
 * Guarantee: each delivery ends as delivered (a 2xx) or dead with a reason, after at most three days; events of one
 * subject reach a webhook one after the other, in order; a sender that dies leaves its deliveries due again after
 * `claimSeconds`, so an event may arrive twice, with the same id and the same body, but is never lost.
 * How a receiver loses: it answers otherwise than 2xx for three days, or once with 410. One that fails five times in a
 * row gets one attempt at a time, with growing pauses, so that it holds nobody else up.
 * What the caller must do: run it again and again. Any number may run at once. Driver: HTTP.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from './context.ts'
import { unseal } from './seal.ts'
import { type Sent, send } from './send.ts'
import { signedHeaders } from './sign.ts'

export type Claimed = {
  /** bigint, as the driver gives it. */
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

/** Longer than a claimed round can take: then whoever claimed it has died. */
const claimSeconds = 120
/** Deliveries of one round, and of one webhook in it: none can fill a round with attempts that hang. */
const roundLimit = 30
const webhookLimit = 6
const failuresToPause = 5
/** Open calls; an invocation has six in all, and other jobs of the same minute run in it. */
const atOnce = 3

export type Round = { claimed: number; delivered: number }

/** One round: claims what is due and attempts it. `only` restricts it to one delivery. */
export async function deliverDue(ctx: Ctx, only?: { deliveryId: number }): Promise<Round> {
  const claimed = await ctx.db.query<Claimed>(claimStatement(only?.deliveryId ?? null))
  const waiting = claimed.values()
  let delivered = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const delivery of waiting) if (await attempt(ctx, delivery)) delivered += 1
    }),
  )
  return { claimed: claimed.length, delivered }
}

/** Whether it arrived. A report that is lost leaves the delivery claimed, and so due again later. */
async function attempt(ctx: Ctx, delivery: Claimed): Promise<boolean> {
  const { eventId, body, url, owner, attempt: number } = delivery
  const { WEBHOOK_ALLOW: allowed, DNS_OVER_HTTPS: resolver } = ctx.env
  try {
    const secrets = await Promise.all(delivery.secrets.map((secret) => unseal(ctx.env, secret, owner)))
    const headers = await signedHeaders({ id: eventId, body, at: ctx.now(), secrets })
    const sent = await send({ url, headers, body, allowed, resolver })
    await ctx.db.query(
      reportStatement(delivery, sent, judge(sent, { ...delivery, now: ctx.now(), random: Math.random() })),
    )
    return sent.outcome === 'delivered'
  } catch (error) {
    ctx.log.error('webhook', error, { delivery: delivery.id, webhook: delivery.webhookId, attempt: number })
    return false
  }
}

export type Verdict =
  | { state: 'delivered' }
  | { state: 'dead'; reason: string }
  | { state: 'waiting'; afterMs: number }

type Judged = { tries: number; giveUpAt: string; now: Date; random: number }

const firstPauseMs = 5_000
const longestPauseMs = 6 * 3_600_000

/** 5 s, 20 s, 80 s, 5 min … 6 h, each a fifth more or less, and never less than the receiver asked for. */
function judge(sent: Sent, { tries, giveUpAt, now, random }: Judged): Verdict {
  if (sent.outcome === 'delivered') return { state: 'delivered' }
  const reason = sent.status === null ? sent.outcome : `${sent.outcome} (${sent.status})`
  if (sent.outcome === 'gone') return { state: 'dead', reason }
  const pauseMs = Math.min(firstPauseMs * 4 ** (tries - 1), longestPauseMs) * (0.8 + 0.4 * random)
  const afterMs = Math.round(Math.max(pauseMs, sent.retryAfterMs ?? 0))
  if (now.getTime() + afterMs < Date.parse(giveUpAt)) return { state: 'waiting', afterMs }
  return { state: 'dead', reason: `${reason}, after ${tries} attempts` }
}

function claimStatement(onlyId: number | null): SQL {
  // Race: two senders at once. A due delivery is locked by one of them and is not due for the other when it looks again.
  // The first waiting one of a subject bars the way for the rest of it, also while it is claimed: it stays `waiting`.
  return sql`
with receivers as materialized (
  select w.id, case when w.failures >= ${failuresToPause} then 1 else ${webhookLimit} end as most
  from core.webhooks w
  where w.disabled_at is null
    and w.removed_at is null
    and (w.paused_until is null or w.paused_until <= now() or ${onlyId !== null})
),
due as materialized (
  select d.id
  from receivers w
  cross join lateral (
    select d.id, d.due_at
    from core.webhook_deliveries d
    where d.webhook_id = w.id
      and d.state = 'waiting'
      and d.due_at <= now()
      and (${onlyId}::bigint is null or d.id = ${onlyId}::bigint)
      and not exists (
        select from core.webhook_deliveries earlier
        where earlier.webhook_id = d.webhook_id
          and earlier.subject = d.subject
          and earlier.state = 'waiting'
          and earlier.id < d.id
      )
    order by d.due_at, d.id
    limit w.most
  ) d
  order by d.due_at, d.id
  limit ${roundLimit}
),
taken as materialized (
  select d.id
  from core.webhook_deliveries d
  where d.id in (select id from due)
    and d.state = 'waiting'
    and d.due_at <= now()
  order by d.id
  for update skip locked
),
claimed as (
  update core.webhook_deliveries d
  set attempts = d.attempts + 1,
      tries = d.tries + 1,
      due_at = now() + make_interval(secs => ${claimSeconds})
  from taken
  where d.id = taken.id
  returning d.*
),
begun as (
  insert into core.webhook_attempts (delivery_id, number, started_at)
  select id, attempts, clock_timestamp()
  from claimed
)
select d.id, d.webhook_id as "webhookId", d.event_id as "eventId", d.body, d.attempts as attempt, d.tries,
  core.iso(d.give_up_at) as "giveUpAt", w.url, w.owner,
  case when w.old_secret_until > now() then array[w.secret, w.old_secret] else array[w.secret] end as secrets
from claimed d
join core.webhooks w on w.id = d.webhook_id
order by d.id`
}

function reportStatement({ id, webhookId, attempt: number }: Claimed, sent: Sent, verdict: Verdict): SQL {
  const ok = verdict.state === 'delivered'
  const gone = sent.outcome === 'gone'
  // Race: a sender that was slow against one that took over. Only the last attempt decides what becomes of the delivery,
  // but an arrival is an arrival.
  return sql`
with tried as (
  update core.webhook_attempts
  set outcome = ${sent.outcome}, status = ${sent.status}::int, took_ms = ${sent.tookMs}
  where delivery_id = ${id}
    and number = ${number}
),
ended as (
  update core.webhook_deliveries d
  set state = ${verdict.state},
      reason = ${verdict.state === 'dead' ? verdict.reason : null},
      due_at = now() + make_interval(secs => ${verdict.state === 'waiting' ? verdict.afterMs / 1000 : 0}),
      finished_at = case when ${verdict.state === 'waiting'} then null else now() end
  where d.id = ${id}
    and d.state = 'waiting'
    and (d.attempts = ${number} or ${ok})
),
abandoned as (
  update core.webhook_deliveries d
  set state = 'dead', reason = 'gone (410), not tried', finished_at = now()
  where ${gone}
    and d.webhook_id = ${webhookId}
    and d.state = 'waiting'
    and d.id <> ${id}
)
update core.webhooks w
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

/** Gives up what is past its days: it waited behind an earlier event of its subject, or for its receiver to come back. */
export function giveUpLate(): SQL {
  return sql`
update core.webhook_deliveries
set state = 'dead', reason = 'not delivered within three days', finished_at = now()
where id in (
  select id
  from core.webhook_deliveries
  where state = 'waiting'
    and give_up_at <= now()
    and due_at <= now()
  limit 1000
  for update skip locked
)`
}
