import type { z } from 'zod'
import type { Courier } from '../../functions/dispatch/couriers/contract.ts'
import { ask, type Reply, type Request } from '../api.ts'
import { useAction } from '../parts/action.ts'
import { announce } from '../parts/announce.tsx'
import { ActButton } from '../parts/button.tsx'
import { now } from '../parts/clock.ts'
import { countOf, First } from '../parts/first.tsx'
import type { FeedEvent } from '../parts/gathered.ts'
import { counted, duration, noun } from '../parts/numbers.ts'
import { Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { principal } from '../parts/session.ts'
import { useFeed } from '../parts/stream.ts'
import { Left, Value } from '../parts/value.tsx'
import type { Listed, Whole } from './order.ts'
import { OrderState, states } from './order-state.tsx'

type Orders = { data: Listed[]; nextCursor: string | null }
type Me = z.infer<typeof Courier>

const base = '/v1/dispatch'
const undoMs = 5 * 60_000
const heldOf = (own: string) => `${own}/orders?status=assigned,accepted,picked_up&limit=200`

/** The tool of a courier, for one hand: the next order, its steps, and a way back from a delivery marked too early. */
export function page() {
  const own = `${base}/couriers/${principal.value?.sub}`
  const me = useResource<Me>(own)
  const mine = useResource<Orders>(heldOf(own), { read: (request) => readOrders(own, request) })
  const readAll = () => {
    void me.reload()
    void mine.reload()
  }
  const feed = useFeed(`${base}/events`, {
    events(burst) {
      if (burst.some(isOwn)) readAll()
    },
    anew: readAll,
  })
  return (
    <Page title="Work" sentence="Claim the next order, then mark each step: accept, picked up, delivered.">
      <div class="hand">
        <Panel title="You" of={me} size={1}>
          {(data) => <Next me={data} own={own} onDone={readAll} />}
        </Panel>
        <Panel
          title="Your orders"
          of={mine}
          size={3}
          stale={() => feed.value === 'away'}
          empty={{
            when: ({ data }) => data.length === 0,
            why: 'You hold no order. Claim the next one.',
          }}
        >
          {({ data, nextCursor }) => (
            <>
              <ul class="tasks">
                {data.map((order) => (
                  <li key={order.id}>
                    <Task order={order} onDone={readAll} />
                  </li>
                ))}
              </ul>
              <First
                shown={heldIn(data).length}
                of={countOf({ data: heldIn(data), nextCursor })}
                what="orders that you hold"
              />
            </>
          )}
        </Panel>
      </div>
    </Page>
  )
}

function isOwn({ data }: FeedEvent): boolean {
  const { courierId, data: more } = data as { courierId: number | null; data: Record<string, unknown> }
  return [courierId, more['formerCourierId']].includes(Number(principal.value?.sub))
}

/**
 * The orders that the courier holds, and its last delivery, which may still be undone. The delivery is read by itself,
 * because any number of deliveries may be newer than a held order. Both are one answer: if each were shown when it
 * arrives, an order that was just delivered would be in both lists or in none.
 */
async function readOrders(own: string, request: Request): Promise<Reply<Orders>> {
  const [held, last] = await Promise.all([
    ask<Orders>(heldOf(own), request),
    ask<Orders>(`${own}/orders?status=delivered&limit=1`, request),
  ])
  if (!held.ok) return held
  if (!last.ok) return last
  const data = newestOfEach([...(held.data?.data ?? []), ...(last.data?.data ?? [])])
  const nextCursor = held.data?.nextCursor ?? null
  // Two answers have no tag in common. Without one the next read never is a 304, so it always has its rows.
  return { ok: true, status: 200, data: { data, nextCursor }, etag: null, at: Math.min(held.at, last.at) }
}

const heldIn = (orders: readonly Listed[]) => orders.filter(({ status }) => status !== 'delivered')

/** An order that is delivered between the two reads is in both; the higher version is the newer one. */
function newestOfEach(orders: readonly Listed[]): Listed[] {
  const newest = new Map<number, Listed>()
  for (const order of orders)
    if (order.version > (newest.get(order.id)?.version ?? -1)) newest.set(order.id, order)
  return [...newest.values()]
}

function Next({ me, own, onDone }: { me: Me; own: string; onDone: () => void }) {
  const claim = useAction<Whole | null>()
  const change = useAction<Me>()
  const problem = claim.problem.value ?? change.problem.value
  const none = claim.done.value === null && claim.state.value === 'idle' && problem === null
  async function claimNext(): Promise<void> {
    const order = await claim.send(`${base}/orders/claim-next`, { body: {} })
    if (claim.problem.value === null)
      announce(order === null ? 'No order can be claimed now' : `Order ${order.id} is yours`)
    onDone()
  }
  return (
    <>
      <p>
        <strong>{me.name}</strong>, <Value at={`${own}#heldBoxes`} value={me.heldBoxes} /> of{' '}
        <Value
          at={`${own}#capacityBoxes`}
          value={me.capacityBoxes}
          unit={noun(me.capacityBoxes, 'box', 'boxes')}
        />
      </p>
      {me.available ? (
        <ActButton label="Claim the next order" main action={claim} act={claimNext} />
      ) : (
        <p>You are not available, so no order is offered to you.</p>
      )}
      <ActButton
        label={me.available ? 'Stop work' : 'Start work'}
        action={change}
        act={async () => {
          await change.send(own, { method: 'PATCH', ifMatch: me.version, body: { available: !me.available } })
          onDone()
        }}
      />
      {none && <p class="muted">The best order for you is the nearest one that you can carry.</p>}
      {problem && <Failure problem={problem} />}
    </>
  )
}

const nextStep: Partial<Record<Listed['status'], { verb: string; label: string }>> = {
  assigned: { verb: 'accept', label: 'Accept' },
  accepted: { verb: 'pickup', label: 'Picked up' },
  picked_up: { verb: 'deliver', label: 'Delivered' },
}

function Task({ order, onDone }: { order: Listed; onDone: () => void }) {
  const action = useAction<Whole>()
  const { id, fence, status } = order
  const next = nextStep[status]
  const isBefore = status === 'assigned' || status === 'accepted'
  async function take(verb: string): Promise<void> {
    const done = await action.send(`${base}/orders/${id}/${verb}`, { body: { fence } })
    if (done) announce(`Order ${id} ${states[done.status].word}`)
    onDone()
  }
  return (
    <article class="task" aria-label={`Order ${id}`}>
      <header>
        <a href={`/app/orders/${id}`}>Order {id}</a> <OrderState order={order} />
      </header>
      <p>
        {isBefore ? 'Fetch' : 'Bring'} {counted(order.boxesCount, 'box', 'boxes')}{' '}
        {isBefore ? `at ${order.pickupAddress}` : `to ${order.deliveryAddress}`}
      </p>
      {next && <Whither address={isBefore ? order.pickupAddress : order.deliveryAddress} />}
      <div class="buttons">
        {next && <ActButton label={next.label} main action={action} act={() => take(next.verb)} />}
        {isBefore && <ActButton label="Give back" action={action} act={() => take('release')} />}
        {status === 'delivered' && (
          <Undo path={`${base}/orders/${id}`} action={action} take={() => take('undo')} />
        )}
      </div>
      {action.problem.value && <Failure problem={action.problem.value} />}
    </article>
  )
}

/** A link that the phone's own map opens. It looks the address up, so no request is needed. */
function Whither({ address }: { address: string }) {
  return (
    <p>
      <a class="button" href={`geo:0,0?q=${encodeURIComponent(address)}`}>
        Open in the map
      </a>
    </p>
  )
}

function Undo({
  path,
  action,
  take,
}: {
  path: string
  action: Parameters<typeof ActButton>[0]['action']
  take: () => unknown
}) {
  const whole = useResource<Whole>(path)
  const order = whole.data.value
  if (order === null)
    return whole.problem.value ? (
      <Failure problem={whole.problem.value} retry={whole.reload} />
    ) : (
      <p class="muted">Asking whether the delivery can be undone…</p>
    )
  if (order.deliveredAt == null || order.settledAt !== null)
    return <p class="muted">The delivery is final.</p>
  const until = Date.parse(order.deliveredAt) + undoMs
  if (until <= now.value)
    return <p class="muted">The delivery is final: it could be undone for {duration(undoMs)}.</p>
  return (
    <>
      <ActButton label="Undo the delivery" action={action} act={take} />{' '}
      <Left iso={new Date(until).toISOString()} />
    </>
  )
}
