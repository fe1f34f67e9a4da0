import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { outboxRules } from '../../schema/core/rules.ts'
import { courierRules, orderEventRules, orderRules } from '../../schema/dispatch/rules.ts'
import { type Rules, rulesOf } from '../../schema/kit/rules.ts'
import {
  balanceEventRules,
  betEventRules,
  paymentEventRules,
  systemEventRules,
  userBalanceRules,
} from '../../schema/ledger/rules.ts'
import { freshDatabase } from '../support/database.ts'

const { admin } = await freshDatabase()

type Row = Record<string, unknown>
type Table = { table: string; rules: Rules; lawful: Row[]; spoilt: Record<string, unknown[]> }

const at = '2026-01-01T00:00:00Z'
const later = '2026-01-02T00:00:00Z'
const statuses = ['new', 'assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed', 'returned']
const event = { tenant_id: 1, aggregate_id: 'a', stream_version: 1, event_data: {}, actor: 'x' }
const eventSpoilt = { stream_version: [0, 1, 2], event_type: ['V9_NOTHING', 'V1_BETS_BET_WON'] }
const amounts = [0, 1, 9007199254740991, '9007199254740992', null, -1]

/** Rows near a lawful one: most have one to three columns spoilt. */
const tables: Table[] = [
  {
    table: 'dispatch.orders',
    rules: orderRules,
    lawful: [...statuses.map(order), { ...order('new'), ready_at: later, due_at: later }],
    spoilt: {
      status: [...statuses, 'lost'],
      courier_id: [null, 1],
      ...Object.fromEntries(
        ['assigned', 'accepted', 'picked_up', 'delivered', 'settled', 'canceled'].map((one) => [
          `${one}_at`,
          [null, at],
        ]),
      ),
      lease_expires_at: [null, at],
      ready_at: [null, at, later],
      due_at: [null, at, later],
      failure_reason: [null, '', 'why', 'x'.repeat(501)],
      attempts: [0, 1],
      fence: [-1, 0, 1],
      version: [0, 1],
      boxes_count: [0, 1, 200, 201],
      price_minor: [-1, 0],
      currency: ['USD', 'usd', 'US'],
      pickup_address: ['', 'p', 'x'.repeat(301)],
      delivery_address: ['', 'd', 'é'.repeat(301)],
      recipient_name: ['', 'r', 'x'.repeat(201)],
      phone: ['', '1', '1'.repeat(41)],
      pickup_lat: [null, 1, 91, 'NaN'],
      pickup_lng: [null, 1, 181],
      delivery_lat: [null, 1, -91],
      delivery_lng: [null, 1, -181],
    },
  },
  {
    table: 'dispatch.couriers',
    rules: courierRules,
    lawful: [{ id: 1, name: 'Ana', capacity_boxes: 8, held_boxes: 0, version: 1 }],
    spoilt: {
      name: ['', 'x'.repeat(201)],
      capacity_boxes: [0, 1, 1001],
      held_boxes: [-1, 0, 8, 9],
      last_lat: [null, 0, 91],
      last_lng: [null, 0, 'Infinity'],
      zone: [null, '', 'north'],
      version: [0, 1],
    },
  },
  {
    table: 'dispatch.order_events',
    rules: orderEventRules,
    lawful: [
      { id: 1, order_id: 1, type: 'created', to_status: 'new', actor_role: 'store', actor_id: '1', fence: 0 },
      { id: 1, order_id: 1, type: 'expired', to_status: 'new', actor_role: 'system', fence: 1 },
    ],
    spoilt: {
      type: ['Created!', '', 'claimed'],
      from_status: [null, ...statuses, 'lost'],
      to_status: [...statuses, 'lost'],
      actor_role: ['admin', 'tenant', 'system'],
      actor_id: [null, '1'],
      fence: [-1, 0],
      data: [{}, [], 1, 'text'],
    },
  },
  {
    table: 'core.outbox',
    rules: outboxRules,
    lawful: [{ seq: 1, topic: 'ledger', audience: 'tenant:1', subject: 's', type: 'bet.placed', data: {} }],
    spoilt: {
      topic: ['L', 'ledger'],
      audience: [null, 'tenant', 'tenant:ü'],
      subject: ['', 'x'.repeat(201)],
      type: ['', 'Bet', 'bet.won'],
      data: [{}, [], false],
    },
  },
  {
    table: 'ledger.bet_events',
    rules: betEventRules,
    lawful: [{ ...event, event_type: 'V1_BETS_BET_WON' }],
    spoilt: eventSpoilt,
  },
  {
    table: 'ledger.payment_events',
    rules: paymentEventRules,
    lawful: [{ ...event, event_type: 'V1_PAYMENTS_DEPOSIT_REQUESTED' }],
    spoilt: eventSpoilt,
  },
  {
    table: 'ledger.system_events',
    rules: systemEventRules,
    lawful: [
      { ...event, event_type: 'V1_SYSTEM_ACCOUNT_CLEARED', event_data: { userId: 'u', currency: 'USD' } },
    ],
    spoilt: eventSpoilt,
  },
  {
    table: 'ledger.balance_events',
    rules: balanceEventRules,
    lawful: [{ ...event, event_type: 'V1_BALANCES_BALANCE_CREDITED', event_data: amount(1) }],
    spoilt: { ...eventSpoilt, event_data: [...amounts.map(amount), { userId: 'u', currency: 'USD' }] },
  },
  {
    table: 'ledger.user_balances_view',
    rules: userBalanceRules,
    lawful: [{ tenant_id: 1, user_id: 'u', currency: 'USD', balance_minor: 5, reserved_minor: 5 }],
    spoilt: {
      balance_minor: [-1, 4, 9007199254740991, '9007199254740992', '-9007199254740992'],
      reserved_minor: [-1, 0, 6],
      may_go_negative: [false, true],
    },
  },
]

await admin.query(`
  create schema plain;
  create schema lean;
  create function public.refusal(relation text, given jsonb) returns text language plpgsql as $$
  declare
    state text;
    name text;
    columns text := (select string_agg(quote_ident(key), ', ' order by key) from jsonb_object_keys(given) key);
  begin
    execute format('insert into %s (%s) select %2$s from jsonb_populate_record(null::%1$s, $1)', relation, columns)
    using given;
    return null;
  exception when others then
    get stacked diagnostics state = returned_sqlstate, name = constraint_name;
    return state || ' ' || name;
  end $$`)

describe('the rules of a table refuse what one check constraint each would refuse', () => {
  it.each(tables)('$table', async ({ table, rules, lawful, spoilt }) => {
    const one = await twins(table, rules, rules)
    const agree = async (rows: Row[]) => {
      const { plain, lean } = await refusals(one, rows)
      expect(lean).toEqual(plain)
      return plain
    }
    const seen = new Set(await agree(spoiltOnce(lawful, spoilt)))
    // A rule that no row breaks would agree with anything.
    expect(Object.keys(rules).filter((name) => !seen.has(`23514 ${name}`))).toEqual([])
    expect(await agree(lawful)).toEqual(lawful.map(() => null))
    const property = fc.asyncProperty(manyNear(lawful, spoilt), async (rows) => void (await agree(rows)))
    await fc.assert(property, { numRuns: 2 })
  })

  it('and the comparison notices a rule that is missing or wider', async () => {
    const { orders_fence_with_courier: _, ...fewer } = orderRules
    const wider = { ...orderRules, orders_boxes_range: 'r.boxes_count between 0 and 200' }
    const [{ lawful, spoilt }] = tables as [Table]
    for (const defect of [fewer, wider]) {
      const one = await twins('dispatch.orders', orderRules, defect)
      const { plain, lean } = await refusals(one, spoiltOnce(lawful, spoilt))
      expect(lean).not.toEqual(plain)
    }
  })
})

let made = 0

/** Two empty tables like this one, without its keys: one with a check for each rule, one with the rules' function. */
async function twins(table: string, rules: Rules, asFunction: Rules): Promise<string> {
  const name = `t${++made}`
  for (const schema of ['plain', 'lean'])
    await admin.query(
      `create table ${schema}.${name} (like ${table} including defaults including generated);
      alter table ${schema}.${name} owner to current_user`,
    )
  for (const [rule, predicate] of Object.entries(rules))
    await admin.query(
      `alter table plain.${name} add constraint ${rule} check (${predicate.replaceAll(/\br\./g, '')})`,
    )
  for (const { create } of rulesOf(`lean.${name}`, asFunction)) await admin.query(create)
  return name
}

async function refusals(name: string, rows: Row[]): Promise<Record<'plain' | 'lean', (string | null)[]>> {
  const { rows: found } = await admin.query(
    `select public.refusal('plain.' || $1, given) as plain, public.refusal('lean.' || $1, given) as lean
    from jsonb_array_elements($2) with ordinality one (given, n) order by n`,
    [name, JSON.stringify(rows)],
  )
  return { plain: found.map(({ plain }) => plain), lean: found.map(({ lean }) => lean) }
}

/** Each lawful row with each value of each column. A picked-up order of an unknown status breaks no other rule. */
function spoiltOnce(lawful: Row[], spoilt: Table['spoilt']): Row[] {
  return lawful.flatMap((row) =>
    Object.entries(spoilt).flatMap(([column, values]) =>
      values.map((value) => ({ ...row, [column]: value })),
    ),
  )
}

function manyNear(lawful: Row[], spoilt: Table['spoilt']): fc.Arbitrary<Row[]> {
  const change = fc
    .constantFrom(...Object.keys(spoilt))
    .chain((column) => fc.constantFrom(...(spoilt[column] ?? [])).map((value): Row => ({ [column]: value })))
  const row = fc
    .tuple(fc.constantFrom(...lawful), fc.array(change, { maxLength: 3 }))
    .map(([base, changes]): Row => Object.assign({}, base, ...changes))
  return fc.array(row, { minLength: 500, maxLength: 500 })
}

function order(status: string): Row {
  const held = status !== 'new' && status !== 'canceled'
  const since = (...some: string[]) => (some.includes(status) ? at : null)
  const failed = status === 'failed' || status === 'returned'
  return {
    id: 1,
    store_id: 1,
    status,
    courier_id: held ? 1 : null,
    assigned_at: held ? at : null,
    lease_expires_at: since('assigned'),
    accepted_at: since('accepted', 'picked_up', 'delivered', 'failed', 'returned'),
    picked_up_at: since('picked_up', 'delivered', 'failed', 'returned'),
    delivered_at: since('delivered'),
    canceled_at: since('canceled'),
    failure_reason: failed ? 'why' : null,
    attempts: 1,
    fence: 1,
    version: 1,
    boxes_count: 1,
    price_minor: 1,
    currency: 'USD',
    pickup_address: 'p',
    delivery_address: 'd',
    recipient_name: 'r',
    phone: '1',
  }
}

function amount(amountMinor: unknown): Row {
  return { userId: 'u', currency: 'USD', amountMinor }
}
