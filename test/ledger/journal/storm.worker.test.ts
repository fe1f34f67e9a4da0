import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mortalServer } from '../../support/mortal-server.ts'
import { type Answer, type Server, serverOf } from '../support/http.ts'
import { violations } from '../support/violations.ts'

// Sixteen callers, twenty tenants, a network that loses one reply in ten after the commit, and a Postgres that is
// killed again and again. `npm run storm` is the long run.
const commands = Number(process.env['COMMANDS'] ?? 1_000)
const kills = Number(process.env['KILLS'] ?? 1)
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const callers = 16
const tenants = 20

const { cluster, admin, app } = await mortalServer()
// Plain fetch: other tests validate responses against the contract.
const quickly = { ...app, fetch: (path: string, init?: RequestInit) => fetch(new URL(path, app.url), init) }
let nextTenant = 1
let restarted: Promise<void> = Promise.resolve()

/** The ids that one tenant's callers know from acknowledged commands. */
type Tenant = { tenantId: number; server: Server; bets: string[]; payments: string[] }
type Command = { kind: 'bet' | 'payment' | 'transfers' | 'events'; path: string; body: object }
type Acknowledged = Command & { tenantId: number; answer: Record<string, unknown> }
type Counted = {
  attempts: number
  acknowledged: Acknowledged[]
  refused: Record<string, number>
  unknown: number
  replayed: number
}

describe('random commands over a network that loses replies, on a Postgres that is killed', () => {
  it('are stored once if acknowledged and not at all if refused', {
    timeout: 120_000 + commands * 30,
  }, async () => {
    const from = performance.now()
    const { counted, killed, cut } = await storm({ commands, kills, keyed: true })
    const seconds = (performance.now() - from) / 1000
    const found = await compared(counted.acknowledged)
    const log = readFileSync(join(cluster.folder, 'postgres.log'), 'utf8')
    const lines = log.split('\n')
    // With what each side waited for and ran.
    const deadlocks = lines.flatMap((line, at) =>
      line.includes('deadlock detected') ? [lines.slice(at, at + 12).join('\n')] : [],
    )
    const broken = await violations(admin)
    console.log(
      '%s',
      JSON.stringify({
        seed,
        commands,
        callers,
        tenants,
        seconds: Math.round(seconds),
        'Postgres killed': killed,
        'replies cut after commit': cut,
        attempts: counted.attempts,
        acknowledged: counted.acknowledged.length,
        refused: counted.refused,
        'unknown outcomes, retried': counted.unknown,
        replayed: counted.replayed,
        ...found,
        deadlocks: deadlocks.length,
        'laws broken': broken.length,
      }),
    )
    expect(broken).toEqual([])
    expect(found).toMatchObject({ lost: 0, unexpected: 0, unemitted: 0 })
    expect(deadlocks).toEqual([])
    expect([killed, counted.acknowledged.length + sum(counted.refused)]).toEqual([kills, commands])
    expect(Math.min(cut, counted.replayed, counted.unknown)).toBeGreaterThan(commands / 100)
  })

  it('are stored twice if callers send no keys: the check finds it', async () => {
    const { counted } = await storm({ commands: 200, kills: 0, keyed: false, lost: 0.4 })
    expect((await compared(counted.acknowledged)).unexpected).toBeGreaterThan(5)
  })
})

/** A connection to the Worker may close during a request. Many closed in a row mean that the Worker is down. */
let closedInARow = 0
function lostOnTheWay(error: unknown): null {
  closedInARow += 1
  if (closedInARow > 100) throw error
  return null
}

type Storm = { commands: number; kills: number; keyed: boolean; lost?: number }

/** Uses tenants of its own. Callers retry every command until its outcome is certain. */
async function storm({ commands, kills, keyed, lost = 0.1 }: Storm) {
  const known = await Promise.all(
    Array.from({ length: tenants }, async (): Promise<Tenant> => {
      const tenantId = nextTenant++
      return { tenantId, server: await serverOf(quickly, tenantId), bets: [], payments: [] }
    }),
  )
  const counted: Counted = { attempts: 0, acknowledged: [], refused: {}, unknown: 0, replayed: 0 }
  let [begun, done, killed] = [0, 0, 0]
  app.faults.seed(seed)
  app.faults.set({ cutAfterCommit: lost })

  async function call(caller: number): Promise<void> {
    const dice = makeDice(seed * callers + caller)
    while (begun < commands) {
      const n = begun++
      // Some tenants are busier than others.
      const at = known[Math.floor(tenants * dice() ** 2)]
      if (at === undefined) continue
      const command = anyCommand(at, dice, `${seed}-${n}`)
      record(counted, at, command, await insist(at.server, command, keyed ? `command-${n}` : undefined))
      done += 1
      if (killed < kills && done >= ((killed + 1) * commands) / (kills + 1)) {
        killed += 1
        restarted = cluster.kill().then(() => cluster.start())
        await restarted
      }
    }
  }

  async function insist(server: Server, { path, body }: Command, key?: string): Promise<Answer> {
    for (;;) {
      counted.attempts += 1
      const sent = server.post(path, { body, ...(key === undefined ? {} : { key }) })
      const answer = await sent.catch(lostOnTheWay)
      if (answer === null) {
        counted.unknown += 1
        continue
      }
      closedInARow = 0
      if (answer.headers.get('idempotency-replayed') === 'true') counted.replayed += 1
      if (answer.status < 500 && answer.body['code'] !== 'in_progress') return answer
      if (answer.status !== 503 && answer.status !== 409) throw new Error(JSON.stringify(answer.body))
      counted.unknown += 1
      await restarted
    }
  }

  const calls = Array.from({ length: callers }, (_, caller) => call(caller))
  await Promise.all(calls).finally(() => {
    begun = commands
  })
  const cut = app.faults.counts.cutAfterCommit
  app.faults.clear()
  return { counted, killed, cut }
}

function record(counted: Counted, at: Tenant, command: Command, { status, body }: Answer): void {
  if (status >= 400) {
    const code = String(body['code'])
    counted.refused[code] = (counted.refused[code] ?? 0) + 1
    return
  }
  counted.acknowledged.push({ ...command, tenantId: at.tenantId, answer: body })
  if (command.kind === 'bet' && command.path === '/bets') at.bets.push(String(body['id']))
  if (command.kind === 'payment' && body['status'] === 'requested') at.payments.push(String(body['id']))
}

function anyCommand({ bets, payments }: Tenant, dice: () => number, name: string): Command {
  const of = <T>(choices: readonly T[]): T | undefined => choices[Math.floor(dice() * choices.length)]
  const user = () => `u-${Math.floor(dice() * 4)}`
  const money = { userId: user(), currency: 'USD', amountMinor: 1 + Math.floor(dice() * 2_000) }
  const stake = { userId: user(), currency: 'USD', stakeMinor: money.amountMinor, selection: 'home' }
  // Newer bets and payments are more likely to be open.
  const recent = <T>(ids: readonly T[]) => of(ids.slice(-20))
  const bet = recent(bets)
  const payment = recent(payments)
  const roll = dice()
  const ending = of(['fail', 'reject', 'charge-back']) ?? 'fail'
  const undoing = of(['reject', 'void', 'cancel']) ?? 'void'
  if (roll < 0.15) return { kind: 'payment', path: '/payments/deposits', body: money }
  if (roll < 0.32 && payment !== undefined)
    return { kind: 'payment', path: `/payments/${payment}/complete`, body: {} }
  if (roll < 0.37 && payment !== undefined)
    return { kind: 'payment', path: `/payments/${payment}/${ending}`, body: {} }
  if (roll < 0.43) return { kind: 'payment', path: '/payments/withdrawals', body: money }
  if (roll < 0.55) return { kind: 'transfers', path: '/transfers/batch', body: anyTransfers(dice, user) }
  if (roll < 0.62) return { kind: 'events', path: '/events', body: anyEvents(dice, name) }
  if (roll < 0.75 || bet === undefined)
    return { kind: 'bet', path: '/bets', body: { ...stake, odds: of(['1.5', '2.50', '3.33']) } }
  if (roll < 0.86) return { kind: 'bet', path: `/bets/${bet}/accept`, body: {} }
  if (roll < 0.95)
    return { kind: 'bet', path: `/bets/${bet}/settle`, body: { outcome: of(['won', 'lost', 'lost']) } }
  if (roll < 0.97) return { kind: 'bet', path: `/bets/${bet}/cash-out`, body: { payoutMinor: 100 } }
  return { kind: 'bet', path: `/bets/${bet}/${undoing}`, body: {} }
}

function anyTransfers(dice: () => number, user: () => string): object {
  const transfers = Array.from({ length: 1 + Math.floor(dice() * 5) }, () => {
    const fromUserId = user()
    const others = ['u-0', 'u-1', 'u-2', 'u-3'].filter((other) => other !== fromUserId)
    return {
      fromUserId,
      toUserId: others[Math.floor(dice() * others.length)],
      amountMinor: 1 + Math.floor(dice() * 500),
      currency: 'USD',
    }
  })
  return { atomic: dice() < 0.5, transfers }
}

/** Mostly credits, sometimes a debit. */
function anyEvents(dice: () => number, name: string): object {
  const events = Array.from({ length: 1 + Math.floor(dice() * 5) }, (_, n) => ({
    aggregateId: `raw-${name}-${n}`,
    type: dice() < 0.8 ? 'V1_BALANCES_BALANCE_CREDITED' : 'V1_BALANCES_BALANCE_DEBITED',
    data: {
      userId: `u-${Math.floor(dice() * 4)}`,
      currency: 'USD',
      amountMinor: 1 + Math.floor(dice() * 300),
    },
  }))
  return { events }
}

/**
 * Compares stored rows with acknowledged commands. Lost: acknowledged but not stored as acknowledged.
 * Unexpected: stored but not acknowledged, so done twice or done although refused. Unemitted: a change without event.
 */
async function compared(acknowledged: Acknowledged[]) {
  const those = [...new Set(acknowledged.map(({ tenantId }) => tenantId))]
  const { rows } = await admin.query<{ what: string }>(
    `select concat_ws(' ', 'bet', tenant_id, aggregate_id, stream_version, ledger.bet_state(event_type)) as what
     from ledger.bet_events where tenant_id = any ($1)
     union all
     select concat_ws(' ', 'payment', tenant_id, aggregate_id, stream_version, ledger.payment_state(event_type))
     from ledger.payment_events where tenant_id = any ($1)
     union all
     select concat_ws(' ', 'posting', tenant_id, aggregate_id, event_type, event_data ->> 'amountMinor')
     from ledger.balance_events e where tenant_id = any ($1)
       and not exists (select from ledger.bets_view b where (b.tenant_id, b.bet_id) = (e.tenant_id, e.aggregate_id))
       and not exists (select from ledger.payments_view p where (p.tenant_id, p.payment_id) = (e.tenant_id, e.aggregate_id))`,
    [those],
  )
  const emitted = await admin.query<{ n: number }>(
    `select sum(case when type = 'transfer.accepted' then 2 else 1 end)::int as n
     from core.outbox
     where topic = 'ledger' and audience = any ($1) and type not like 'account.%'`,
    [those.map((tenantId) => `tenant:${tenantId}`)],
  )
  const stored = rows.map(({ what }) => what)
  const expected = acknowledged.flatMap(effectsOf)
  const [there, wanted] = [new Set(stored), new Set(expected)]
  return {
    stored: stored.length,
    lost: expected.filter((what) => !there.has(what)).length,
    unexpected: stored.filter((what) => !wanted.has(what)).length + stored.length - there.size,
    // A transfer has two postings and one event.
    unemitted: stored.length - Number(emitted.rows[0]?.n),
  }
}

/** The rows that must be stored, in the format of the query above. */
function effectsOf({ kind, body, tenantId, answer }: Acknowledged): string[] {
  const say = (...words: unknown[]) => words.map(String).join(' ')
  const { id, streamVersion, status } = answer
  if (kind === 'bet') return [say('bet', tenantId, id, streamVersion, status)]
  if (kind === 'payment') return [say('payment', tenantId, id, streamVersion, answer['kind'], status)]
  if (kind === 'events') {
    const { events } = body as {
      events: { aggregateId: string; type: string; data: { amountMinor: number } }[]
    }
    return events.map((event) =>
      say('posting', tenantId, event.aggregateId, event.type, event.data.amountMinor),
    )
  }
  const { transfers } = body as { transfers: { amountMinor: number }[] }
  const results = answer['results'] as { status: string; id?: string }[]
  return results.flatMap((result, n) =>
    result.status === 'accepted'
      ? ['DEBITED', 'CREDITED'].map((leg) =>
          say('posting', tenantId, result.id, `V1_BALANCES_BALANCE_${leg}`, transfers[n]?.amountMinor),
        )
      : [],
  )
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

/** Repeatable, between 0 and 1. */
function makeDice(from: number): () => number {
  let state = from >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
