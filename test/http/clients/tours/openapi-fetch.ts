import createClient from 'openapi-fetch'
import type { components, paths, webhooks } from './generated/schema.ts'
import { spaceTour } from './openapi-fetch-space.ts'
import { webhooksTour } from './openapi-fetch-webhooks.ts'

type Tokens = {
  /** The URL of a webhook's receiver. */
  receiver: string
  admin: string
  tenant: string
  store: (id: number) => string
  courier: (id: number) => string
}
type Received = webhooks['order.created']['post']['requestBody']['content']['application/json']

/** The tours of the READMEs with openapi-typescript and openapi-fetch. Every answer has the type of the document. */
export async function tour(baseUrl: string, tokens: Tokens): Promise<Record<string, unknown>> {
  const as = (token: string) =>
    createClient<paths>({
      baseUrl,
      headers: token === '' ? {} : { authorization: `Bearer ${token}` },
      // Lists in queries as the document describes them.
    })
  const admin = as(tokens.admin)
  const store = await admin.POST('/v1/dispatch/stores', {
    body: { name: 'Baker', pickupAddress: '1 Market Street' },
  })
  const courier = await admin.POST('/v1/dispatch/couriers', { body: { name: 'Ana', available: true } })
  if (store.data === undefined || courier.data === undefined) throw new Error('Nothing was created')
  const seller = as(tokens.store(store.data.id))
  const rider = as(tokens.courier(courier.data.id))
  const order = {
    deliveryAddress: '2 Long Lane',
    recipientName: 'Ada',
    phone: '+44 20 7946 0000',
    boxesCount: 2,
  }
  const created = await seller.POST('/v1/dispatch/orders', { body: order })
  const id = created.data?.id ?? 0
  const params = { path: { id } }
  const claimed = await rider.POST('/v1/dispatch/orders/{id}/claim', {
    params: { ...params, header: { 'Idempotency-Key': 'claim-1' } },
  })
  const fence = claimed.data?.lease?.fence ?? -1
  const accepted = await rider.POST('/v1/dispatch/orders/{id}/accept', { params, body: { fence } })
  const again = await rider.POST('/v1/dispatch/orders/{id}/accept', { params, body: { fence } })
  const listed = await seller.GET('/v1/dispatch/orders', {
    params: { query: { status: ['new', 'accepted'] } },
  })
  const bulk = await seller.POST('/v1/dispatch/orders/bulk', {
    body: { orders: [order, { ...order, boxesCount: 0 }] },
  })
  const results = (bulk.data?.data ?? []).map((one) => (one.ok ? one.order.status : one.problem.code))

  const tenant = as(tokens.tenant)
  const money = { userId: 'ada', currency: 'USD' } as const
  const deposit = await tenant.POST('/v1/ledger/payments/deposits', { body: { ...money, amountMinor: 5000 } })
  await tenant.POST('/v1/ledger/payments/{id}/complete', { params: { path: { id: deposit.data?.id ?? '' } } })
  const bet = await tenant.POST('/v1/ledger/bets', {
    body: { ...money, stakeMinor: 1000, odds: '2.50', selection: 'home' },
  })
  const bets = { path: { id: bet.data?.id ?? '' } }
  await tenant.POST('/v1/ledger/bets/{id}/accept', { params: bets })
  await tenant.POST('/v1/ledger/bets/{id}/settle', { params: bets, body: { outcome: 'won' } })
  const late = await tenant.POST('/v1/ledger/bets/{id}/settle', { params: bets, body: { outcome: 'won' } })
  const balances = await tenant.GET('/v1/ledger/users/{userId}/balances', {
    params: { path: { userId: 'ada' } },
  })
  const { data: page } = await tenant.GET('/v1/ledger/events')
  return {
    created: created.data?.status,
    claimed: claimed.data?.status,
    accepted: accepted.data?.status,
    again: again.error?.code,
    listed: listed.data?.data.map(({ status }) => status),
    results,
    late: late.error?.code,
    available: balances.data?.data.map(({ availableMinor }) => availableMinor),
    stakes:
      page !== undefined && 'data' in page && Array.isArray(page.data) ? page.data.flatMap(stakeOf) : page,
    ...(await spaceTour(as(''), admin)),
    ...(await webhooksTour(seller, tokens.receiver)),
  }
}

/** The data of each event type has its own type. */
function stakeOf(event: components['schemas']['LedgerEvent']): number[] {
  return event.type === 'V1_BETS_BET_PLACED' ? [event.data.stakeMinor] : []
}

/** A receiver of webhooks knows the body by its name. */
export const storeOf = ({ data }: Received): number => data.order.storeId
