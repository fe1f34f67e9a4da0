import { createClient } from './generated/hey/client'
import * as api from './generated/hey/sdk.gen'
import type { LedgerEvent, Webhooks } from './generated/hey/types.gen'
import { spaceTour } from './hey-api-space.ts'
import { webhooksTour } from './hey-api-webhooks.ts'

type Tokens = {
  /** The URL of a webhook's receiver. */
  receiver: string
  admin: string
  tenant: string
  store: (id: number) => string
  courier: (id: number) => string
}

/** The tours of the READMEs with @hey-api/openapi-ts, with its reader of event streams. */
export async function tour(baseUrl: string, tokens: Tokens): Promise<Record<string, unknown>> {
  const as = (token: string) => createClient({ baseUrl, ...(token !== '' && { auth: () => token }) })
  const admin = as(tokens.admin)
  const store = await api.postDispatchStores({
    client: admin,
    body: { name: 'Baker', pickupAddress: '1 Market Street' },
  })
  const courier = await api.postDispatchCouriers({ client: admin, body: { name: 'Ana', available: true } })
  if (store.data === undefined || courier.data === undefined) throw new Error('Nothing was created')
  const seller = as(tokens.store(store.data.id))
  const rider = as(tokens.courier(courier.data.id))

  const ending = new AbortController()
  const { stream } = await api.getDispatchEvents({ client: seller, signal: ending.signal })
  const first = await stream.next()
  const order = {
    deliveryAddress: '2 Long Lane',
    recipientName: 'Ada',
    phone: '+44 20 7946 0000',
    boxesCount: 2,
  }
  const created = await api.postDispatchOrders({ client: seller, body: order })
  const path = { id: created.data?.id ?? 0 }
  const claimed = await api.postDispatchOrdersIdClaim({
    client: rider,
    path,
    headers: { 'Idempotency-Key': 'claim-1' },
  })
  const streamed = [await stream.next(), await stream.next()].map(({ value }) =>
    value !== undefined && 'order' in value ? value.type : value,
  )
  ending.abort()
  const fence = claimed.data?.lease?.fence ?? -1
  const accepted = await api.postDispatchOrdersIdAccept({ client: rider, path, body: { fence } })
  const again = await api.postDispatchOrdersIdAccept({ client: rider, path, body: { fence } })
  const listed = await api.getDispatchOrders({ client: seller, query: { status: ['new', 'accepted'] } })
  const bulk = await api.postDispatchOrdersBulk({
    client: seller,
    body: { orders: [order, { ...order, boxesCount: 0 }] },
  })
  const results = (bulk.data?.data ?? []).map((one) => (one.ok ? one.order.status : one.problem.code))

  const tenant = as(tokens.tenant)
  const money = { userId: 'bob', currency: 'USD' } as const
  const deposit = await api.postLedgerPaymentsDeposits({
    client: tenant,
    body: { ...money, amountMinor: 5000 },
  })
  await api.postLedgerPaymentsIdComplete({ client: tenant, path: { id: deposit.data?.id ?? '' } })
  const bet = await api.postLedgerBets({
    client: tenant,
    body: { ...money, stakeMinor: 1000, odds: '2.50', selection: 'home' },
  })
  const bets = { id: bet.data?.id ?? '' }
  await api.postLedgerBetsIdAccept({ client: tenant, path: bets })
  await api.postLedgerBetsIdSettle({ client: tenant, path: bets, body: { outcome: 'won' } })
  const late = await api.postLedgerBetsIdSettle({ client: tenant, path: bets, body: { outcome: 'won' } })
  const balances = await api.getLedgerUsersUserIdBalances({ client: tenant, path: { userId: 'bob' } })
  const events = await api.getLedgerEvents({ client: tenant })
  const page = events.data
  return {
    cursor: first.value !== undefined && 'cursor' in first.value ? 'cursor' : first.value,
    streamed,
    created: created.data?.status,
    claimed: claimed.data?.status,
    accepted: accepted.data?.status,
    again: again.error?.code,
    listed: listed.data?.data.map(({ status }) => status),
    results,
    late: late.error?.code,
    available: balances.data?.data.map(({ availableMinor }) => availableMinor),
    stakes: page !== undefined && 'data' in page ? (page.data as LedgerEvent[]).flatMap(stakeOf) : page,
    ...(await spaceTour(as(''), admin)),
    ...(await webhooksTour(seller, tokens.receiver)),
  }
}

function stakeOf(event: LedgerEvent): number[] {
  return event.type === 'V1_BETS_BET_PLACED' ? [event.data.stakeMinor] : []
}

/** A receiver of webhooks knows the body by its name. */
export function subjectOf(request: Webhooks): string {
  return request.key === 'bet.won' ? request.body.data.id : request.key
}
