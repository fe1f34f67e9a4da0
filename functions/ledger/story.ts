import { type SQL, sql } from 'drizzle-orm'
import { tenantOf } from '../core/caller.ts'
import type { Ctx } from '../core/context.ts'
import type { Kind, Story } from '../core/story.ts'

const settings = (ctx: Ctx) => ({ 'app.tenant_id': String(tenantOf(ctx)) })

export const ledgerStory: Story = {
  kinds: {
    bet: streamOf(sql`ledger.bet_events`),
    payment: streamOf(sql`ledger.payment_events`),
    account: {
      roles: ['tenant'],
      settings,
      id: /^[!-9;-~]{1,128}:[A-Z]{3}$/,
      entries: (_ctx, id) => {
        const [user = '', currency = ''] = id.split(':')
        return sql`
(
  select ${entry(sql`e.user_id || ':' || e.currency`)}
  from ledger.balance_events e
  where e.tenant_id = ledger.tenant()
    and e.user_id = ${user}
    and e.currency = ${currency}
  order by e.xid desc, e.seq desc
  limit 1000
)
union all
(
  select ${entry(sql`e.user_id || ':' || e.currency`)}
  from ledger.system_events e
  where e.tenant_id = ledger.tenant()
    and e.aggregate_id = ${id}
  order by e.stream_version desc
  limit 1000
)`
      },
    },
  },
}

/** The events of a stream, and its effects on accounts, which have the same id. */
function streamOf(table: SQL): Kind {
  return {
    roles: ['tenant'],
    settings,
    id: /^[!-~]{1,128}$/,
    entries: (_ctx, id) => sql`
select ${entry(sql`null`)}
from ${table} e
where e.tenant_id = ledger.tenant()
  and e.aggregate_id = ${id}
union all
select ${entry(sql`e.user_id || ':' || e.currency`)}
from ledger.balance_events e
where e.tenant_id = ledger.tenant()
  and e.aggregate_id = ${id}
  and exists (select from ${table} s where s.tenant_id = e.tenant_id and s.aggregate_id = e.aggregate_id)`,
  }
}

function entry(account: SQL): SQL {
  return sql`e.occurred_at as at, 'event' as lane, e.event_type as type, 'by ' || e.actor as text,
  jsonb_strip_nulls(jsonb_build_object(
    'event', e.id, 'stream', e.aggregate_id, 'version', e.stream_version, 'seq', e.seq, 'account', ${account}::text
  )) as refs,
  e.xmin::text::bigint as xid`
}
