import type pg from 'pg'

/** The laws of the ledger; each query returns the rows that violate one. The owner reads across tenants. */
const laws: Record<string, string> = {
  'the sum of an account’s deltas is its balance': `
    select tenant_id, user_id, currency, b.balance_minor, e.balance
    from ledger.user_balances b
    full join (
      select tenant_id, user_id, currency, sum(balance_delta) as balance, sum(reserved_delta) as reserved
      from ledger.balance_events
      group by tenant_id, user_id, currency
    ) e using (tenant_id, user_id, currency)
    where coalesce(b.balance_minor, 0) <> coalesce(e.balance, 0)
      or coalesce(b.reserved_minor, 0) <> coalesce(e.reserved, 0)`,
  'available money is never below zero, at any version': `
    select e.*
    from (
      select tenant_id, user_id, currency, seq,
        sum(balance_delta - reserved_delta) over (partition by tenant_id, user_id, currency order by seq) as available
      from ledger.balance_events
    ) e
    join ledger.user_balances_view b using (tenant_id, user_id, currency)
    where e.available < 0
      and not b.may_go_negative`,
  'available money is never below zero in the order of the statement': `
    select e.*
    from (
      select tenant_id, user_id, currency, xid, seq,
        sum(balance_delta - reserved_delta) over (partition by tenant_id, user_id, currency order by xid, seq) as available
      from ledger.balance_events
    ) e
    join ledger.user_balances_view b using (tenant_id, user_id, currency)
    where e.available < 0
      and not b.may_go_negative`,
  'reserved money is never below zero, at any version of its stream': `
    select *
    from (
      select tenant_id, aggregate_id, stream_version,
        sum(reserved_delta) over (partition by tenant_id, aggregate_id, user_id, currency order by stream_version) as held
      from ledger.balance_events
    ) e
    where held < 0`,
  'versions of a stream have no gap': `
    select tenant_id, family, aggregate_id, count(*), max(stream_version)
    from ledger.events
    group by tenant_id, family, aggregate_id
    having count(*) <> max(stream_version)`,
  'bets equal the fold of their events': `
    select t.tenant_id, d.* from (select distinct tenant_id from ledger.bet_events) t,
    lateral ledger.verify_bets_view(t.tenant_id) d`,
  'payments equal the fold of their events': `
    select t.tenant_id, d.* from (select distinct tenant_id from ledger.payment_events) t,
    lateral ledger.verify_payments_view(t.tenant_id) d`,
  'balances equal the fold of their events': `
    select t.tenant_id, d.* from (select distinct tenant_id from ledger.balance_events) t,
    lateral ledger.verify_user_balances_view(t.tenant_id) d`,
  'holds are the stakes of open bets and the amounts of requested withdrawals': `
    select t.tenant_id, d.* from (select distinct tenant_id from ledger.balance_events) t,
    lateral ledger.find_differences(t.tenant_id, 0) d
    where d.kind = 'hold'`,
  'a bet credits or debits its account once': `
    select tenant_id, aggregate_id
    from ledger.balance_events
    where event_type in ('V1_BALANCES_BALANCE_CREDITED', 'V1_BALANCES_BALANCE_DEBITED')
      and aggregate_id in (select bet_id from ledger.bets_view)
    group by tenant_id, aggregate_id
    having count(*) > 1`,
  'a key has one effect': `
    select tenant_id, idempotency_key
    from ledger.events
    where idempotency_key is not null
    group by tenant_id, idempotency_key
    having count(*) > 1`,
}

/** The violated laws with their first rows, of one tenant or of all. */
export async function violations(owner: pg.Pool | pg.Client, tenantId?: number): Promise<string[]> {
  const broken: string[] = []
  for (const [law, query] of Object.entries(laws)) {
    const { rows } = await owner.query(
      `select * from (${query}) wrong where $1::bigint is null or tenant_id = $1 limit 3`,
      [tenantId ?? null],
    )
    if (rows.length > 0) broken.push(`${law}: ${JSON.stringify(rows)}`)
  }
  return broken
}

/** For `afterEach`: fails the test if a law is violated. */
export async function mustHold(owner: pg.Pool | pg.Client): Promise<void> {
  const broken = await violations(owner)
  if (broken.length > 0) throw new Error(`Violated laws:\n${broken.join('\n')}`)
}
