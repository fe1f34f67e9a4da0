import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { isReadable, readBehindHorizon } from '../../core/stream.ts'
import { ledgerFeed } from '../feed.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Entry, StatementCursor, StatementQuery } from './contract.ts'
import { showEntry } from './show.ts'

type Query = StatementQuery & { after: StatementCursor | null }

type Row = { xid: string; seq: string; final: boolean; entry: Entry }

/** The most entries beyond the horizon that a cursor can name. */
const mostAhead = 300

/**
 * Lists the entries of an account, oldest first, each with the running balance; `next` is the cursor of the next page.
 * Race: a credit commits late and sorts before entries that a reader has already seen. So a cursor stands at the last entry
 * before the feed's horizon, because no later commit can sort before it, and names the shown entries after it. The next
 * page skips these, so it shows a late entry and repeats none.
 */
export async function readStatement(
  ctx: Ctx,
  query: Query,
): Promise<{ entries: Entry[]; next: StatementCursor | null }> {
  const { userId, currency, from, to, after, limit } = query
  const ahead = new Set(after?.ahead.map(String))
  const [results] = await readBehindHorizon(tenantScope(ctx), ledgerFeed, [
    named('ledger.read-statement')`
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
  limit ${ahead.size + limit + 1}
)
select p.xid::text as xid, p.seq::text as seq, ${isReadable(sql`p`)} as final,
  ${showEntry({
    balance: sql`start.balance + sum(p.balance_delta) over so_far`,
    reserved: sql`start.reserved + sum(p.reserved_delta) over so_far`,
  })} as entry
from page p, start
window so_far as (order by p.xid, p.seq)
order by p.xid, p.seq`,
  ])
  // The row type is that of the statement.
  const rows = (results ?? []) as Row[]
  const unseen = rows.filter(({ seq }) => !ahead.has(seq))
  if (unseen.length <= limit) return { entries: unseen.map(({ entry }) => entry), next: null }
  const page = unseen.slice(0, limit).filter(({ final }, at) => final || ahead.size + at < mostAhead)
  const shown = new Set([...ahead, ...page.map(({ seq }) => seq)])
  return { entries: page.map(({ entry }) => entry), next: cursorAfter(rows, shown, after) }
}

/** Stands after the last entry of which no earlier one can be missing. */
function cursorAfter(rows: Row[], shown: Set<string>, after: StatementCursor | null): StatementCursor | null {
  const open = rows.findIndex(({ final, seq }) => !final || !shown.has(seq))
  const last = rows.slice(0, open).at(-1)
  const ahead = rows.slice(open).flatMap(({ seq }) => (shown.has(seq) ? [Number(seq)] : []))
  if (last !== undefined) return { xid: last.xid, seq: last.seq, ...sumsOf(last.entry), ahead }
  if (after !== null) return { ...after, ahead }
  const [first] = rows
  return first === undefined ? null : { xid: '0', seq: '0', ...sumsBefore(first.entry), ahead }
}

const sumsOf = ({ balanceMinor, reservedMinor }: Entry) => ({ balanceMinor, reservedMinor })

const sumsBefore = (entry: Entry) => ({
  balanceMinor: entry.balanceMinor - entry.balanceDeltaMinor,
  reservedMinor: entry.reservedMinor - entry.reservedDeltaMinor,
})
