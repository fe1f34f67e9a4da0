import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { isReadable, readBehindHorizon } from '../../core/stream.ts'
import { ledgerFeed } from '../feed.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Entry, StatementCursor } from './contract.ts'

type Query = {
  userId: string
  currency: string
  from: string | null
  to: string | null
  after: StatementCursor | null
  limit: number
}

type Row = { xid: string; seq: string; final: boolean; entry: Entry }

/**
 * Lists the entries of an account in commit-safe order, each with the running balance; `next` is the cursor of the next
 * page. Race: a credit commits late and sorts before entries that a reader has already seen. So every page but the last
 * ends at the feed's horizon, because no later commit can sort before it. The last page shows all entries.
 */
export async function readStatement(
  ctx: Ctx,
  query: Query,
): Promise<{ entries: Entry[]; next: StatementCursor | null }> {
  const { userId, currency, from, to, after, limit } = query
  const [results] = await readBehindHorizon(tenantScope(ctx), ledgerFeed, [
    sql`
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
    and (e.xid, e.seq) > (${after?.xid ?? '0'}::xid8, ${after?.seq ?? '0'}::bigint)
    and (${from}::timestamptz is null or e.created_at >= ${from}::timestamptz)
    and (${to}::timestamptz is null or e.created_at < ${to}::timestamptz)
  order by e.xid, e.seq
  limit ${limit + 1}
)
select p.xid::text as xid, p.seq::text as seq, ${isReadable(sql`p`)} as final,
  jsonb_build_object(
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
window so_far as (order by p.xid, p.seq)
order by p.xid, p.seq`,
  ])
  // The row type is that of the statement.
  const rows = (results ?? []) as Row[]
  if (rows.length <= limit) return { entries: rows.map(({ entry }) => entry), next: null }
  const page = rows.slice(0, limit).filter(({ final }) => final)
  return {
    entries: page.map(({ entry }) => entry),
    next: cursorAfter(page) ?? after ?? cursorBefore(rows),
  }
}

function cursorAfter(page: Row[]): StatementCursor | null {
  const last = page.at(-1)
  if (last === undefined) return null
  const { balanceMinor, reservedMinor } = last.entry
  return { xid: last.xid, seq: last.seq, balanceMinor, reservedMinor }
}

function cursorBefore([first]: Row[]): StatementCursor | null {
  if (first === undefined) return null
  const { balanceMinor, balanceDeltaMinor, reservedMinor, reservedDeltaMinor } = first.entry
  return {
    xid: '0',
    seq: '0',
    balanceMinor: balanceMinor - balanceDeltaMinor,
    reservedMinor: reservedMinor - reservedDeltaMinor,
  }
}
