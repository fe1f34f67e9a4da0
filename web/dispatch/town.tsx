import { type ReadonlySignal, useSignal } from '@preact/signals'
import type { z } from 'zod'
import type { Courier } from '../../functions/dispatch/couriers/contract.ts'
import { ask, type Problem } from '../api.ts'
import { AreaMap } from '../parts/area-map.tsx'
import { countOf, First } from '../parts/first.tsx'
import { counted, noun, number } from '../parts/numbers.ts'
import { Failure, Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { principal } from '../parts/session.ts'
import { useReading } from '../parts/use-reading.ts'
import { Ago } from '../parts/value.tsx'
import type { Orders } from './live-orders.ts'
import type { Whole } from './order.ts'
import { placesOfCourier, placesOfOrder } from './places.ts'

type Person = z.infer<typeof Courier>
type Couriers = { data: Person[]; nextCursor: string | null }
type Board = { board: Resource<Orders> }

const base = '/v1/dispatch'

/** Pickups, drops and couriers to scale, for an admin: all couriers. The age of each position stands beside it. */
export function TownOfAdmin({ board }: Board) {
  const couriers = useResource<Couriers>(`${base}/couriers?limit=100`, { whenSeen: true, every: 60 })
  return (
    <Panel title="Couriers" of={couriers} size={4}>
      {({ data, nextCursor }) => (
        <>
          <Town orders={board.data} couriers={data} />
          <First shown={data.length} of={countOf({ data, nextCursor })} what="couriers" />
          <details>
            <summary>As a list</summary>
            <ul class="rows">
              {data.map((courier) => (
                <li key={courier.id}>
                  <Position of={courier} />
                </li>
              ))}
            </ul>
          </details>
        </>
      )}
    </Panel>
  )
}

/** For a courier: its own position. */
export function TownOfCourier({ board }: Board) {
  const me = useResource<Person>(`${base}/couriers/${principal.value?.sub}`, { whenSeen: true, every: 60 })
  return (
    <Panel title="Map" of={me} size={4}>
      {(data) => (
        <>
          <Town orders={board.data} couriers={[data]} />
          <p>
            <Position of={data} />
          </p>
        </>
      )}
    </Panel>
  )
}

/** For a store: its orders. The API shows couriers to no store. */
export function TownOfStore({ board }: Board) {
  return (
    <Panel
      title="Map"
      of={board}
      size={4}
      empty={{ when: ({ data }) => data.length === 0, why: 'No order is on its way.' }}
    >
      {() => <Town orders={board.data} couriers={[]} />}
    </Panel>
  )
}

function Position({ of: { id, name, available, heldBoxes, capacityBoxes, lastSeenAt } }: { of: Person }) {
  return (
    <>
      {name} ({id}): {available ? 'available' : 'not available'}, {heldBoxes} of{' '}
      {counted(capacityBoxes, 'box', 'boxes')}, position <Ago iso={lastSeenAt} />
    </>
  )
}

/** Orders of a list have no coordinates, so each is read by itself, and only when its reader wants the map. */
const mostOrders = 30
const callsAtOnce = 3

type TownOf = { orders: ReadonlySignal<Orders | null>; couriers: readonly Person[] }

function Town({ orders, couriers }: TownOf) {
  const read = useSignal<ReadonlyMap<number, Whole>>(new Map())
  const problem = useSignal<Problem | null>(null)
  const busy = useSignal(false)
  const reading = useReading()
  const live = orders.value?.data ?? []
  const wanted = live.slice(0, mostOrders)
  const missing = wanted.filter(({ id }) => !read.value.has(id))
  const shown = live.flatMap(({ id }) => read.value.get(id) ?? [])
  const ofOrders = shown.flatMap(placesOfOrder)
  const ofCouriers = couriers.flatMap(placesOfCourier)

  async function readMissing(): Promise<void> {
    const signal = reading.begin()
    busy.value = true
    problem.value = null
    const waiting = missing.values()
    await Promise.all(
      Array.from({ length: callsAtOnce }, async () => {
        for (const { id } of waiting) {
          const reply = await ask<Whole>(`${base}/orders/${id}`, { signal })
          if (signal.aborted) return
          if (reply.ok && reply.data !== null) read.value = new Map(read.value).set(id, reply.data)
          else if (!reply.ok) problem.value = reply.problem
        }
      }),
    )
    busy.value = false
  }

  return (
    <>
      <AreaMap
        sentence={sentenceOf({
          orders: shown,
          ofOrders: ofOrders.length,
          couriers,
          ofCouriers: ofCouriers.length,
        })}
        places={[...ofOrders, ...ofCouriers]}
      />
      {shown.length > 0 && ofOrders.length === 0 && (
        <p class="muted">No address of these orders has coordinates.</p>
      )}
      {missing.length > 0 && (
        <button type="button" disabled={busy.value} onClick={() => void readMissing()}>
          {busy.value ? 'Reading…' : `Show pickup and drop of ${counted(missing.length, 'order')}`}
        </button>
      )}
      <First
        shown={mostOrders}
        of={orders.value?.nextCursor ? null : live.length}
        what="orders on their way"
      />
      {problem.value && <Failure problem={problem.value} />}
      {shown.length > 0 && (
        <ul class="rows">
          {shown.map(({ id, pickupAddress, deliveryAddress }) => (
            <li key={id}>
              <a href={`/app/orders/${id}`}>Order {id}</a>: from {pickupAddress} to {deliveryAddress}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

type Counts = { orders: readonly Whole[]; ofOrders: number; couriers: readonly Person[]; ofCouriers: number }

function sentenceOf({ orders, ofOrders, couriers, ofCouriers }: Counts): string {
  const people = `Of ${counted(couriers.length, 'courier')}, ${number(ofCouriers)} ${noun(ofCouriers, 'has', 'have')} reported a position.`
  const addresses = `Of ${number(2 * orders.length)} addresses, ${number(ofOrders)} ${noun(ofOrders, 'has', 'have')} coordinates.`
  return [couriers.length > 0 && people, orders.length > 0 && addresses].filter(Boolean).join(' ')
}
