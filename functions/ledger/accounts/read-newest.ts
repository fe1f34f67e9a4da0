import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { isReadable, readBehindHorizon } from '../../core/stream.ts'
import { ledgerFeed } from '../feed.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Entry, NewestCursor, StatementQuery } from './contract.ts'
import { showEntry } from './show.ts'

type Query = StatementQuery & { before: NewestCursor | null }

type Row = { xid: string; seq: string; final: boolean; entry: Entry }

/**
 * Lists the entries of an account, newest first, each with the running balance; `next` is the cursor of the next page. The
 * newest page counts back from the present balance.
 * Race: a credit commits late and sorts among older entries. A cursor carries the balance below it only when no later commit
 * can sort below it; otherwise the next page counts back again. So each page is correct when it is read.
 */
export async function readNewest(
  ctx: Ctx,
  query: Query,
): Promise<{ entries: Entry[]; next: NewestCursor | null }> {
  const { userId, currency, from, to, before, limit } = query
  const below =
    before === null ? sql`true` : sql`(e.xid, e.seq) < (${before.xid}::xid8, ${before.seq}::bigint)`
  const until = to === null ? sql`true` : sql`e.created_at < ${to}::timestamptz`
  const account = sql`e.tenant_id = ledger.tenant() and e.user_id = ${userId} and e.currency = ${currency}`
  const sums = before?.sums ?? null
  const start =
    sums === null
      ? sql`
  select coalesce((select b.balance_minor from present b), 0) - coalesce(sum(e.balance_delta), 0) as balance,
    coalesce((select b.reserved_minor from present b), 0) - coalesce(sum(e.reserved_delta), 0) as reserved
  from ledger.balance_events e
  where ${account}
    and not (${below} and ${until})`
      : sql`select ${sums[0]}::bigint as balance, ${sums[1]}::bigint as reserved`
  const [results] = await readBehindHorizon(tenantScope(ctx), ledgerFeed, [
    named('ledger.read-newest')`
with present as (
  select b.*
  from ledger.user_balances b
  where b.tenant_id = ledger.tenant()
    and b.user_id = ${userId}
    and b.currency = ${currency}
),
start as materialized (${start}),
page as (
  select e.*
  from ledger.balance_events e
  where ${account}
    and ${below}
    and ${until}
    and (${from}::timestamptz is null or e.created_at >= ${from}::timestamptz)
  order by e.xid desc, e.seq desc
  limit ${limit + 1}
)
select p.xid::text as xid, p.seq::text as seq, ${isReadable(sql`p`)} as final,
  ${showEntry({
    balance: sql`start.balance + p.balance_delta - sum(p.balance_delta) over so_far`,
    reserved: sql`start.reserved + p.reserved_delta - sum(p.reserved_delta) over so_far`,
  })} as entry
from page p, start
window so_far as (order by p.xid desc, p.seq desc)
order by p.xid desc, p.seq desc`,
  ])
  // The row type is that of the statement.
  const rows = (results ?? []) as Row[]
  const page = rows.slice(0, limit)
  return { entries: page.map(({ entry }) => entry), next: rows.length > limit ? cursorBelow(page) : null }
}

function cursorBelow(page: Row[]): NewestCursor | null {
  const last = page.at(-1)
  if (last === undefined) return null
  const { xid, seq, final, entry } = last
  const sums: NewestCursor['sums'] = [
    entry.balanceMinor - entry.balanceDeltaMinor,
    entry.reservedMinor - entry.reservedDeltaMinor,
  ]
  return { xid, seq, sums: final ? sums : null }
}
