import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { booksOf } from './books.ts'
import type { Entry } from './contract.ts'

/** Where a page ended, and what the account held there: the next page adds to it instead of summing from the beginning. */
export type Standing = { seq: string; balanceMinor: number; reservedMinor: number }

type Asked = {
  userId: string
  currency: string
  from: string | null
  to: string | null
  after: Standing | null
  limit: number
}

export type StatementEntry = { seq: string; entry: Entry }

/** The entries of an account in the order in which they count, each with what the account then held. */
export async function readStatement(ctx: Ctx, asked: Asked): Promise<StatementEntry[]> {
  const { userId, currency, from, to, after, limit } = asked
  return booksOf(ctx).query<StatementEntry>(sql`
with start as materialized (
  select ${after?.balanceMinor ?? 0}::bigint + coalesce(sum(e.balance_delta), 0) as balance,
    ${after?.reservedMinor ?? 0}::bigint + coalesce(sum(e.reserved_delta), 0) as reserved
  from ledger.balance_events e
  where ${after === null}
    and e.tenant_id = ledger.tenant()
    and e.user_id = ${userId}
    and e.currency = ${currency}
    and e.created_at < ${from}::timestamptz
),
page as (
  select e.*
  from ledger.balance_events e
  where e.tenant_id = ledger.tenant()
    and e.user_id = ${userId}
    and e.currency = ${currency}
    and e.seq > ${after?.seq ?? '0'}::bigint
    and (${from}::timestamptz is null or e.created_at >= ${from}::timestamptz)
    and (${to}::timestamptz is null or e.created_at < ${to}::timestamptz)
  order by e.seq
  limit ${limit}
)
select p.seq::text as seq, jsonb_build_object(
  'id', p.id,
  'type', p.event_type,
  'cause', p.aggregate_id,
  'balanceDeltaMinor', p.balance_delta,
  'reservedDeltaMinor', p.reserved_delta,
  'balanceMinor', start.balance + sum(p.balance_delta) over so_far,
  'reservedMinor', start.reserved + sum(p.reserved_delta) over so_far,
  'occurredAt', core.iso(p.occurred_at),
  'recordedAt', core.iso(p.created_at)
) as entry
from page p, start
window so_far as (order by p.seq)
order by p.seq`)
}
