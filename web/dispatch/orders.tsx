import { useMemo } from 'preact/hooks'
import type { z } from 'zod'
import type { Stats } from '../../functions/dispatch/orders/contract.ts'
import { announce } from '../parts/announce.tsx'
import type { FeedEvent } from '../parts/gathered.ts'
import { List } from '../parts/list.tsx'
import { Seconds } from '../parts/measured.tsx'
import { counted, noun } from '../parts/numbers.ts'
import { Grid, Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { route } from '../parts/route.ts'
import { role } from '../parts/session.ts'
import { Ago, Fact, Facts, Left, Money, Value } from '../parts/value.tsx'
import { useBoard } from './board.ts'
import { type Listed, listedOf, live, newestFirst, type Whole } from './order.ts'
import { OrderState, states, statusOptions } from './order-state.tsx'
import { TownOfAdmin, TownOfCourier, TownOfStore } from './town.tsx'

type StatsAnswer = z.infer<typeof Stats>

const base = '/v1/dispatch'

/** The desk of a store, a courier or the operator: orders by state, on a map and as a list, all of them live. */
export function page() {
  const isAdmin = role.value === 'admin'
  const Town = isAdmin ? TownOfAdmin : role.value === 'courier' ? TownOfCourier : TownOfStore
  const { board, state } = useBoard(announceChange)
  return (
    <Page
      title="Orders"
      sentence="Follow each delivery order from the store to the door: who has it, since when, and how long until a claim runs out."
    >
      <Grid>
        <Board board={board} state={state} />
        {isAdmin && <Numbers />}
        <Town board={board} />
        <Orders />
      </Grid>
    </Page>
  )
}

/** The live orders by state. Each card keeps its place while others come and go. */
function Board({ board, state }: ReturnType<typeof useBoard>) {
  return (
    <Panel title="Board" of={board} size={4} wide stale={() => state.value === 'away'} empty={noOrders}>
      {({ data, nextCursor }) => (
        <>
          <div class="board">
            {live.map((status) => {
              const here = data.filter((order) => order.status === status)
              return (
                <section key={status} aria-label={states[status].word}>
                  <h3>
                    {states[status].word} <span class="count">{here.length}</span>
                  </h3>
                  <ul>
                    {here.slice(0, 8).map((order) => (
                      <li key={order.id}>
                        <Card order={order} />
                      </li>
                    ))}
                  </ul>
                  {here.length > 8 && <p class="muted">and {here.length - 8} more</p>}
                </section>
              )
            })}
          </div>
          {nextCursor !== null && (
            <p class="muted">
              The board has the newest {counted(data.length, 'live order')}; the list below has all.
            </p>
          )}
        </>
      )}
    </Panel>
  )
}

const noOrders = {
  when: ({ data }: { data: Listed[] }) => data.length === 0,
  why: 'No order is on its way. A store creates one:',
  command: `curl -s -X POST '${location.origin}/v1/dispatch/orders' -H "Authorization: Bearer $STORE" -H "Idempotency-Key: $RANDOM" \\
  -H 'Content-Type: application/json' -d '{"deliveryAddress":"2 Long Lane","recipientName":"Ada","phone":"+44 20 7946 0000","boxesCount":2}'`,
}

/** Drawn again only when its order changes, not with each event of another one. */
function Card({ order }: { order: Listed }) {
  const { id, boxesCount, courierId, deliveryAddress, lease } = order
  return useMemo(
    () => (
      <a class="card" href={`/app/orders/${id}`}>
        <strong>{id}</strong>
        <span>
          {counted(boxesCount, 'box', 'boxes')} to {deliveryAddress}
        </span>
        {(courierId !== null || lease) && (
          <span class="muted">
            {courierId !== null && `courier ${courierId}`} {lease && <Left iso={lease.expiresAt} />}
          </span>
        )}
      </a>
    ),
    [order],
  )
}

function announceChange({ type, data }: FeedEvent): void {
  const { orderId, courierId } = data as { orderId: number; courierId: number | null }
  const word = type.replaceAll('_', ' ')
  announce(`order ${orderId} ${word}${courierId === null ? '' : `, courier ${courierId}`}`)
}

function Numbers() {
  const path = `${base}/stats`
  const stats = useResource<StatsAnswer>(path, { whenSeen: true, every: 60 })
  return (
    <Panel title="The last 24 hours" of={stats} size={3} asOf={({ asOf }) => asOf}>
      {({ couriers, lostClaims, states: times }) => (
        <Facts>
          <Fact name="Couriers available">
            <Value at={`${path}#couriers.available`} value={couriers.available} />
          </Fact>
          <Fact name="Boxes held">
            <Value at={`${path}#couriers.heldBoxes`} value={couriers.heldBoxes} /> of{' '}
            <Value
              at={`${path}#couriers.capacityBoxes`}
              value={couriers.capacityBoxes}
              unit={noun(couriers.capacityBoxes, 'box', 'boxes')}
            />
          </Fact>
          <Fact name="Claims that lost">
            <Value at={`${path}#lostClaims.total`} value={lostClaims.total} />
          </Fact>
          {inOrderOfLife(times).map(([status, word]) => {
            const at = `${path}#states.${status}`
            return (
              <Fact key={status} name={`Time ${word}`}>
                <Seconds at={`${at}.medianSeconds`} value={times[status]?.medianSeconds ?? null} /> median,{' '}
                <Seconds at={`${at}.p95Seconds`} value={times[status]?.p95Seconds ?? null} /> p95
              </Fact>
            )
          })}
        </Facts>
      )}
    </Panel>
  )
}

const inOrderOfLife = (found: object) =>
  Object.entries(states).flatMap(([status, { word }]) => (status in found ? [[status, word] as const] : []))

function Orders() {
  const wanted = route.value.query.get('status')
  return (
    <List<Listed>
      title="All orders"
      path={`${base}/orders`}
      sorted="newest first"
      filters={[{ name: 'status', label: 'State', options: statusOptions }]}
      rowKey={({ id }) => id}
      href={({ id }) => `/app/orders/${id}`}
      empty={{ why: 'No order exists yet.' }}
      live={{
        path: `${base}/events`,
        rowOf: ({ data }) => {
          const order = (data as { order: Whole | null } | null)?.order ?? null
          return order && listedOf(order)
        },
        fits: ({ status }) => wanted === null || wanted === status,
        compare: newestFirst,
      }}
      columns={[
        { name: 'Order', cell: ({ id }) => id },
        { name: 'State', cell: (order) => <OrderState order={order} /> },
        { name: 'From', cell: ({ pickupAddress }) => pickupAddress },
        { name: 'To', cell: ({ deliveryAddress }) => deliveryAddress },
        {
          name: 'Boxes',
          numeric: true,
          cell: ({ boxesCount }, _, at) => <Value at={`${at}.boxesCount`} value={boxesCount} />,
        },
        {
          name: 'Price',
          numeric: true,
          cell: ({ priceMinor, currency }, _, at) => (
            <Money at={`${at}.priceMinor`} minor={priceMinor} currency={currency} />
          ),
        },
        { name: 'Courier', cell: ({ courierId }) => courierId ?? <span class="muted">none</span> },
        { name: 'Created', cell: ({ createdAt }) => <Ago iso={createdAt} /> },
      ]}
    />
  )
}
