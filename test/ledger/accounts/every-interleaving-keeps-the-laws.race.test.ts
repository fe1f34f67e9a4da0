import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import { type Ctx, makeContext } from '../../../functions/core/context.ts'
import type { Db } from '../../../functions/core/db.ts'
import { placeBet } from '../../../functions/ledger/bets/place.ts'
import { transitionBet } from '../../../functions/ledger/bets/transition.ts'
import { requestPayment } from '../../../functions/ledger/payments/request.ts'
import { transitionPayment } from '../../../functions/ledger/payments/transition.ts'
import { transferMoney } from '../../../functions/ledger/transfers/transfer.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { type Explored, explore } from '../../support/interleave.ts'
import { done, fund, openBet, order, tenantContext } from '../support/context.ts'
import { violations } from '../support/violations.ts'

const world = await freshEnvironment()
const { admin } = world.database
const monitor = await world.database.connect()
const clients = await Promise.all([actor(), actor()])
let tenants = 0

/** The account has 1 500: an open bet reserves 1 000, and the commands compete for 500. */
type Scene = { bet: string; deposit: string; withdrawal: string }

const commands = {
  'place a bet': (ctx: Ctx) => placeBet(ctx, { ...order, stakeMinor: 400 }),
  'settle as won': (ctx: Ctx, { bet }: Scene) => transitionBet(ctx, bet, { do: 'settle', outcome: 'won' }),
  'settle as lost': (ctx: Ctx, { bet }: Scene) => transitionBet(ctx, bet, { do: 'settle', outcome: 'lost' }),
  void: (ctx: Ctx, { bet }: Scene) => transitionBet(ctx, bet, { do: 'void' }),
  'cash out': (ctx: Ctx, { bet }: Scene) => transitionBet(ctx, bet, { do: 'cash-out', payoutMinor: 900 }),
  withdraw: (ctx: Ctx) =>
    requestPayment(ctx, 'withdrawal', { userId: 'u-1', currency: 'USD', amountMinor: 300 }),
  'complete the withdrawal': (ctx: Ctx, { withdrawal }: Scene) =>
    transitionPayment(ctx, withdrawal, { do: 'complete' }),
  'charge back': (ctx: Ctx, { deposit }: Scene) => transitionPayment(ctx, deposit, { do: 'charge-back' }),
  transfer: (ctx: Ctx) =>
    transferMoney(ctx, {
      atomic: false,
      transfers: [{ fromUserId: 'u-1', toUserId: 'u-2', currency: 'USD', amountMinor: 450 }],
    }),
} as const
type Name = keyof typeof commands
const names = Object.keys(commands) as Name[]
const pairs = names.flatMap((one, at) => names.slice(at).map((other) => [one, other] as const))

describe('in every interleaving', () => {
  it.each(pairs)('%s and %s leave a ledger in which every law holds', async (one, other) => {
    const { broken, schedules } = await meet(one, other)
    expect(broken).toBeNull()
    expect(schedules).toBeGreaterThan(1)
  })
})

describe('the explorer finds a defect', () => {
  const unlocked = (text: string) => text.replaceAll(/for update\b/g, '')
  const countedTwice = (text: string) => text.replace(/(d\.currency = a\.currency)\s+for update/, '$1')
  const inAnyState = (text: string) =>
    text.replaceAll('not ledger.bet_may_become(b.status, ', 'false and ledger.bet_may_become(b.status, ')

  it.each([
    ['bets do not lock the account', 'place a bet', unlocked, 0],
    ['queued deltas are counted by a snapshot older than the lock', 'place a bet', countedTwice, 500],
    ['charge-backs do not lock the account', 'charge back', unlocked, 0],
  ] as const)('when %s', async (_, name, defect, waiting) => {
    await onlyStatements(async () => {
      expect((await meet('place a bet', name, { waiting })).broken).toBeNull()
      const { broken } = await meet('place a bet', name, { mutate: defect, waiting })
      expect(broken?.found.join()).toContain('available money is never below zero')
    })
  })

  it('when the transition ignores the state of a bet', async () => {
    const { broken } = await meet('settle as won', 'void', { mutate: inAnyState })
    expect(broken?.found.join()).toMatch(/duplicate key|LS105|no lawful step/)
  })

  it('only without the trigger, which checks the balance again under the lock', async () => {
    expect((await meet('place a bet', 'place a bet', { mutate: unlocked })).broken).toBeNull()
  })
})

type Meeting = { mutate?: (text: string) => string; waiting?: number }

async function meet(one: Name, other: Name, { mutate, waiting = 0 }: Meeting = {}): Promise<Explored> {
  return explore({
    clients,
    monitor,
    ...(mutate ? { mutate } : {}),
    async arrange() {
      const tenantId = ++tenants
      const scene = await arrange(tenantId, waiting)
      for (const client of clients)
        await client.query(`select set_config('app.tenant_id', '${tenantId}', false)`)
      const actors = ([one, other] as const).map(
        (name) => (db: Db) => commands[name](ctxOver(db, tenantId), scene),
      )
      return {
        actors,
        async check(answers) {
          const crashed = answers.filter((answer) => answer instanceof Error).map(String)
          return [...crashed, ...(await violations(admin, tenantId))]
        },
      }
    },
  })
}

async function arrange(tenantId: number, waiting: number): Promise<Scene> {
  const ctx = tenantContext(world, tenantId)
  const deposit = await fund(ctx, 500 - waiting)
  await fund(ctx, 1_000)
  await fund(ctx, 200)
  const bet = await openBet(ctx)
  const { id: withdrawal } = await done(
    requestPayment(ctx, 'withdrawal', { userId: 'u-1', currency: 'USD', amountMinor: 200 }),
  )
  if (waiting > 0) await creditWhileBusy(tenantId, waiting)
  return { bet, deposit, withdrawal }
}

/** Credits a locked account, so that the credit stays queued as a delta. */
async function creditWhileBusy(tenantId: number, amountMinor: number): Promise<void> {
  const holder = await world.database.connect()
  await holder.query('begin')
  await holder.query('select from ledger.user_balances_view where tenant_id = $1 for update', [tenantId])
  await fund(tenantContext(world, tenantId), amountMinor)
  await holder.query('rollback')
  await holder.end()
}

function ctxOver(db: Db, tenantId: number): Ctx {
  const limit = async () => ({ success: true })
  const ctx = makeContext(
    {
      DATABASE_URL: world.database.workerUrl,
      AUTH_SECRET: 'a secret of the tests that has the length',
      RATE_READ: { limit },
      RATE_WRITE: { limit },
    },
    { waitUntil: () => undefined },
  )
  return Object.assign(ctx, { db, principal: { role: 'tenant', sub: 'server', tenantId } })
}

async function actor(): Promise<pg.Client> {
  const client = await world.database.connect(world.database.workerUrl)
  await client.query(`set lock_timeout = '10s'`)
  return client
}

/** Removes the trigger's check and the constraint, so that only the commands' own statements protect the account. */
async function onlyStatements(work: () => Promise<void>): Promise<void> {
  const { rows } = await admin.query<{ text: string }>(
    `select pg_get_functiondef('ledger.apply_user_balances_view()'::regprocedure) as text`,
  )
  const text = rows[0]?.text ?? ''
  await admin.query(text.replace('and not account.may_go_negative then', 'and false then'))
  await admin.query('alter table ledger.user_balances_view drop constraint user_balances_view_rules')
  try {
    await work()
  } finally {
    await admin.query(text)
    await admin.query(`alter table ledger.user_balances_view add constraint user_balances_view_rules
      check (ledger.check_user_balances_view(user_balances_view)) not valid`)
  }
}
