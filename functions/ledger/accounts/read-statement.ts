import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { settled } from '../../core/stream.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Entry } from './contract.ts'

/** Between two entries, and what the account held there: the next page adds to it instead of summing from the beginning. */
export type Standing = { xid: string; seq: string; balanceMinor: number; reservedMinor: number }

type Asked = {
  userId: string
  currency: string
  from: string | null
  to: string | null
  after: Standing | null
  limit: number
}

type Row = { xid: string; seq: string; settled: boolean; entry: Entry }

/**
 * The entries of an account in the order in which they count, each with what the account then held; `next` is where to
 * go on. Race: a credit that commits late and stands before what was shown. So a page that has a next one ends at the
 * oldest running transaction, before which nothing can come any more; only the last page shows all there is.
 */
export async function readStatement(
  ctx: Ctx,
  asked: Asked,
): Promise<{ entries: Entry[]; next: Standing | null }> {
  const { userId, currency, from, to, after, limit } = asked
  const rows = await tenantScope(ctx).query<Row>(sql`
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
select p.xid::text as xid, p.seq::text as seq, ${settled(sql`p`)} as settled,
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
order by p.xid, p.seq`)
  if (rows.length <= limit) return { entries: rows.map(({ entry }) => entry), next: null }
  const page = rows.slice(0, limit).filter(({ settled }) => settled)
  return {
    entries: page.map(({ entry }) => entry),
    next: standingAfter(page) ?? after ?? standingBefore(rows),
  }
}

function standingAfter(page: Row[]): Standing | null {
  const last = page.at(-1)
  if (last === undefined) return null
  const { balanceMinor, reservedMinor } = last.entry
  return { xid: last.xid, seq: last.seq, balanceMinor, reservedMinor }
}

function standingBefore([first]: Row[]): Standing | null {
  if (first === undefined) return null
  const { balanceMinor, balanceDeltaMinor, reservedMinor, reservedDeltaMinor } = first.entry
  return {
    xid: '0',
    seq: '0',
    balanceMinor: balanceMinor - balanceDeltaMinor,
    reservedMinor: reservedMinor - reservedDeltaMinor,
  }
}
