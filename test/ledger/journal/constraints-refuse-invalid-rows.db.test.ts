import { describe, expect, it } from 'vitest'
import {
  balanceEventRules,
  betEventRules,
  paymentEventRules,
  systemEventRules,
  userBalanceRules,
} from '../../../schema/ledger/rules.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { fund, openBet, tenantContext } from '../support/context.ts'

const world = await freshEnvironment()
const { admin } = world.database
await fund(tenantContext(world), 5_000)
await openBet(tenantContext(world))

const event = (table: string, values: { version?: number; type?: string; data?: string; key?: string }) =>
  `insert into ledger.${table}_events (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
   values (1, 'x', ${values.version ?? 1}, '${values.type ?? 'V9_NOTHING'}', '${values.data ?? '{}'}',
     ${values.key === undefined ? 'null' : `'${values.key}'`}, 'x')`
const credit = (amountMinor: number | string) => ({
  type: 'V1_BALANCES_BALANCE_CREDITED',
  data: `{"userId": "u-1", "currency": "USD", "amountMinor": ${amountMinor}}`,
})

/** Writes that Postgres refuses even for the owner, with the constraint that refuses them. */
const refused: [constraint: string, write: string][] = [
  ['bet_events_event_type_known', event('bet', {})],
  ['payment_events_event_type_known', event('payment', {})],
  ['balance_events_event_type_known', event('balance', { ...credit(1), type: 'V9_NOTHING' })],
  ['system_events_event_type_known', event('system', credit(1))],
  ['bet_events_stream_version_positive', event('bet', { type: 'V1_BETS_BET_PLACED', version: 0 })],
  [
    'payment_events_stream_version_positive',
    event('payment', { type: 'V1_PAYMENTS_DEPOSIT_REQUESTED', version: 0 }),
  ],
  ['balance_events_stream_version_positive', event('balance', { ...credit(1), version: 0 })],
  [
    'system_events_stream_version_positive',
    event('system', { ...credit(1), type: 'V1_SYSTEM_ACCOUNT_CLEARED', version: 0 }),
  ],
  ['balance_events_amount_exact', event('balance', credit(0))],
  ['balance_events_amount_exact', event('balance', credit('9007199254740992'))],
  ['user_balances_view_reserved', 'update ledger.user_balances_view set reserved_minor = -1'],
  ['user_balances_view_available', 'update ledger.user_balances_view set balance_minor = 0'],
  ['user_balances_view_exact', 'update ledger.user_balances_view set balance_minor = 9007199254740992'],
  ['balance_deltas_take_nothing', `insert into ledger.balance_deltas values (1, 'u-1', 'USD', 1, -1, 0)`],
  [
    'alerts_kind_known',
    `insert into ledger.alerts (tenant_id, kind, subject, evidence) values (1, 'other', 'x', '{}')`,
  ],
]

describe('the tables of the ledger', () => {
  it.each(refused)('refuse by constraint %s: %s', async (constraint, write) => {
    await expect(admin.query(write)).rejects.toMatchObject({ code: '23514', constraint })
  })

  it('refuse a release of money that another stream holds', async () => {
    const release = event('balance', {
      type: 'V1_BALANCES_BALANCE_RELEASED',
      data: '{"userId": "u-1", "currency": "USD", "amountMinor": 100}',
    })
    await expect(admin.query(release)).rejects.toMatchObject({ code: 'LS104' })
  })

  it('have no other rule or check constraint', async () => {
    const { rows } = await admin.query<{ name: string }>(
      `select conname as name from pg_constraint 
      where connamespace = 'ledger'::regnamespace and contype = 'c' and conname not like '%\\_rules'`,
    )
    const rules = [betEventRules, paymentEventRules, balanceEventRules, systemEventRules, userBalanceRules]
    expect(new Set([...rules.flatMap(Object.keys), ...rows.map(({ name }) => name)])).toEqual(
      new Set(refused.map(([name]) => name)),
    )
  })

  it.each(['bet', 'payment', 'balance', 'system'])(
    'accept an idempotency key once in %s_events',
    async (table) => {
      const types = {
        bet: {
          type: 'V1_BETS_BET_PLACED',
          data: '{"userId":"u-1","currency":"USD","stakeMinor":1,"odds":"2","selection":"x"}',
        },
        payment: { type: 'V1_PAYMENTS_DEPOSIT_REQUESTED', data: credit(1).data },
        balance: credit(1),
        system: { ...credit(1), type: 'V1_SYSTEM_ACCOUNT_CLEARED' },
      }
      const one = { ...types[table as 'bet'], key: `once in ${table}` }
      await admin.query(event(table, one))
      await expect(admin.query(event(table, one).replace("'x', 1,", "'y', 1,"))).rejects.toMatchObject({
        code: '23505',
        constraint: `idx_${table}_events_key`,
      })
    },
  )

  it('allow one open alert per kind and subject', async () => {
    const raise = `insert into ledger.alerts (tenant_id, kind, subject, evidence) values (1, 'hold', 'u-1:USD', '{}')`
    await admin.query(raise)
    await expect(admin.query(raise)).rejects.toMatchObject({ code: '23505', constraint: 'idx_alerts_open' })
    await admin.query('update ledger.alerts set resolved_at = now()')
    expect((await admin.query(raise)).rowCount).toBe(1)
  })
})
