import { beforeEach, describe, expect, it } from 'vitest'
import { appendEvents } from '../../../functions/ledger/journal/append.ts'
import type { IncomingEvent } from '../../../functions/ledger/journal/contract.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { done, tenantContext } from '../support/context.ts'
import { violations } from '../support/violations.ts'

const world = await freshEnvironment()
const { admin } = world.database
const ctx = tenantContext(world)
const written = ['bets_view', 'payments_view', 'user_balances_view', 'balance_deltas']
let batches = 0

// Each statement that writes to a view adds one mark, regardless of its number of rows.
await admin.query(`
  create table public.marks (of text not null);
  grant insert on public.marks to lockstep_app;
  create function public.mark() returns trigger language plpgsql as $$
  begin
    insert into public.marks values (tg_table_name);
    return null;
  end $$;
  ${written
    .map(
      (table) =>
        `create trigger mark before insert or update or delete on ledger.${table} for each statement execute function public.mark();`,
    )
    .join('\n')}`)
beforeEach(() => admin.query('truncate public.marks'))

/** Events of bets and deposits with their postings, of known and new users. */
function lives(count: number): IncomingEvent[] {
  const batch = ++batches
  return Array.from({ length: count / 5 }, (_, n): IncomingEvent[] => {
    const user = { userId: `u-${n % 300}`, currency: 'USD' }
    const [bet, payment] = [`bet-${batch}-${n}`, `pay-${batch}-${n}`]
    return [
      {
        aggregateId: bet,
        type: 'V1_BETS_BET_PLACED',
        data: { ...user, stakeMinor: 5, odds: '2', selection: 'x' },
      },
      { aggregateId: bet, type: 'V1_BETS_BET_ACCEPTED', data: {} },
      { aggregateId: payment, type: 'V1_PAYMENTS_DEPOSIT_REQUESTED', data: { ...user, amountMinor: 50 } },
      { aggregateId: payment, type: 'V1_BALANCES_BALANCE_CREDITED', data: { ...user, amountMinor: 50 } },
      { aggregateId: bet, type: 'V1_BALANCES_BALANCE_RESERVED', data: { ...user, amountMinor: 5 } },
    ]
  }).flat()
}

async function statements(): Promise<Record<string, number>> {
  const { rows } = await admin.query('select of, count(*)::int as n from public.marks group by of')
  return Object.fromEntries(rows.map(({ of, n }) => [of, n]))
}

describe('a batch of events', () => {
  it.each([5, 50, 500, 10_000])(
    'of %d runs at most ten statements, including the triggers',
    async (count) => {
      expect(await done(appendEvents(ctx, lives(count)))).toEqual({ appended: count, duplicates: 0 })
      const { bets_view: bets = 0, payments_view: payments = 0, ...money } = await statements()
      // `on conflict do update` fires for the insert and for the update.
      expect(bets).toBeLessThanOrEqual(2)
      expect(payments).toBeLessThanOrEqual(2)
      expect(Object.values(money).reduce((sum, n) => sum + n, 0)).toBeLessThanOrEqual(6)
    },
  )

  it('leaves a ledger in which every law holds', async () => {
    expect(await violations(admin)).toEqual([])
  })

  it('with row-level triggers would run one statement per row: the counter finds it', async () => {
    await admin.query(`
      create function public.apply_row() returns trigger language plpgsql as $$
      begin
        update ledger.payments_view set amount_minor = amount_minor
        where tenant_id = new.tenant_id and payment_id = new.aggregate_id;
        return null;
      end $$;
      grant execute on function public.apply_row() to lockstep_app;
      create trigger apply_row after insert on ledger.payment_events for each row execute function public.apply_row()`)
    await done(appendEvents(ctx, lives(50)))
    expect((await statements())['payments_view']).toBeGreaterThanOrEqual(10)
    await admin.query('drop trigger apply_row on ledger.payment_events')
  })
})
