import { useSignal } from '@preact/signals'
import type { z } from 'zod'
import type { Stats } from '../../functions/dispatch/orders/contract.ts'
import type { RaceResult } from '../../functions/dispatch/races/contract.ts'
import type { Store } from '../../functions/dispatch/stores/contract.ts'
import { useAction } from '../parts/action.ts'
import { Badge } from '../parts/badge.tsx'
import { ActButton } from '../parts/button.tsx'
import { counted, milliseconds, number } from '../parts/numbers.ts'
import { Page } from '../parts/page.tsx'
import { Failure, Nothing, Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { session } from '../parts/session.ts'
import { Table } from '../parts/table.tsx'
import { Value } from '../parts/value.tsx'
import type { Whole } from './order.ts'

type StatsAnswer = z.infer<typeof Stats>
type Result = z.infer<typeof RaceResult>
type Stores = { data: z.infer<typeof Store>[]; nextCursor: string | null }

const base = '/v1/dispatch'
const sizes = [10, 50, 100, 300]

/** Three hundred couriers want one order. This page lets them, and shows who got it and why the others did not. */
export function page() {
  const stats = useResource<StatsAnswer>(`${base}/stats?hours=24`, { every: 60 })
  return (
    <Page
      title="Race"
      sentence="Up to three hundred couriers claim one order at the same moment. Exactly one gets it; each of the others gets the reason."
    >
      {session.value?.signIn.development ? <Track onDone={() => void stats.reload()} /> : null}
      <Recorded stats={stats} />
    </Page>
  )
}

function Track({ onDone }: { onDone: () => void }) {
  const size = useSignal(300)
  const create = useAction<Whole>()
  const race = useAction<Result>()
  const cancel = useAction<Whole>()
  const stores = useResource<Stores>(`${base}/stores?limit=1`)
  const problem = create.problem.value ?? race.problem.value
  const [store] = stores.data.value?.data ?? []
  async function start(): Promise<void> {
    if (store === undefined) return
    const order = await create.send(`${base}/orders`, { body: { ...parcel, storeId: store.id } })
    if (order === null) return
    await race.send('/v1/dev/race', { body: { orderId: order.id, couriers: size.value } })
    // Nobody will deliver it. Its story keeps the claim, and the claims that lost.
    await cancel.send(`${base}/orders/${order.id}/cancel`, { body: {} })
    onDone()
  }
  const isRunning = create.state.value !== 'idle' || race.state.value !== 'idle'
  const result = race.done.value
  return (
    <section class="panel wide race" aria-label="A race now">
      <header>
        <h2>A race now</h2>
        <div class="filters">
          <label>
            <span>Couriers</span>
            <select
              value={String(size.value)}
              onChange={(event) => (size.value = Number(event.currentTarget.value))}
            >
              {sizes.map((one) => (
                <option key={one} value={String(one)}>
                  {one}
                </option>
              ))}
            </select>
          </label>
        </div>
        <ActButton
          label={`Create one order and let ${size.value} couriers claim it`}
          main
          action={race}
          act={start}
          disabled={isRunning || store === undefined}
        />
      </header>
      {problem && <Failure problem={problem} />}
      {stores.problem.value && <Failure problem={stores.problem.value} retry={stores.reload} />}
      {isRunning && <p role="status">The race runs…</p>}
      {result && !isRunning ? (
        <Outcome result={result} />
      ) : (
        !isRunning && (
          <Nothing why="No race has run here yet. The button makes an order of one box and starts one." />
        )
      )}
      <Statement />
    </section>
  )
}

const parcel = {
  deliveryAddress: '2 Finish Lane',
  recipientName: 'Ada',
  phone: '+44 20 7946 0000',
  boxesCount: 1,
}

function Outcome({ result: { orderId, lanes, winners, tookMs } }: { result: Result }) {
  const winner = lanes.find(({ won }) => won)
  const reasons = [...Map.groupBy(lanes, ({ status, reason }) => `${status} ${reason}`)]
  return (
    <>
      <p class="big" role="status">
        {winner ? `${winner.name} has order ${orderId}.` : `Nobody got order ${orderId}.`}
      </p>
      <p>
        {counted(lanes.length, 'claim')}, {counted(winners, 'winner')}; the last answer after{' '}
        {milliseconds(tookMs)}. <a href={`/app/orders/${orderId}`}>The story of this order</a>
      </p>
      <Lanes lanes={lanes} tookMs={tookMs} />
      <Table
        caption="Answers of the race"
        rows={reasons}
        rowKey={([reason]) => reason}
        columns={[
          {
            name: 'Answer',
            cell: ([reason, those]) => <Badge word={reason} tone={those[0]?.won ? 'ok' : 'plain'} />,
          },
          { name: 'Couriers', numeric: true, cell: ([, those]) => number(those.length) },
          {
            name: 'First after',
            numeric: true,
            cell: ([, those]) => milliseconds(those[0]?.answeredMs ?? 0),
          },
          {
            name: 'Last after',
            numeric: true,
            cell: ([, those]) => milliseconds(those.at(-1)?.answeredMs ?? 0),
          },
          { name: 'Round trips each', numeric: true, cell: ([, those]) => tripsOf(those) },
        ]}
      />
    </>
  )
}

function tripsOf(lanes: Result['lanes']): string {
  const trips = lanes.map((lane) => lane.trips)
  const [least, most] = [Math.min(...trips), Math.max(...trips)]
  return least === most ? String(least) : `${least} to ${most}`
}

const [most, width] = [360, 960]

/** A lane per courier, from the start to its answer. The winner's lane is thick and named. */
function Lanes({ lanes, tookMs }: { lanes: Result['lanes']; tookMs: number }) {
  const laneHeight = Math.min(12, most / lanes.length)
  const height = lanes.length * laneHeight + 4
  const x = (ms: number) => (ms / Math.max(tookMs, 1)) * (width - 8)
  const at = lanes.findIndex(({ won }) => won)
  const winner = lanes[at]
  const won = winner ? ` The thick one is the winner, answered after ${milliseconds(winner.answeredMs)}.` : ''
  const last = lanes.findLast((lane) => !lane.won)
  const lost = last ? ` The last loser was answered after ${milliseconds(last.answeredMs)}.` : ''
  const sentence = `Each line is one courier, from the start to its answer.${won}${lost}`
  return (
    <figure class="lanes">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={sentence}>
        {lanes.map(({ courierId, won, answeredMs }, index) => (
          <path
            key={courierId}
            class={won ? 'lane won' : 'lane'}
            d={`M0 ${index * laneHeight + 2}H${x(answeredMs).toFixed(1)}`}
          />
        ))}
        {winner && (
          <text x={Math.min(x(winner.answeredMs) + 8, width - 180)} y={Math.max(at * laneHeight + 6, 16)}>
            {winner.name} won
          </text>
        )}
      </svg>
      <p class="axis" aria-hidden="true">
        <span>0 ms</span>
        <span>{milliseconds(tookMs)}</span>
      </p>
      <figcaption>{sentence}</figcaption>
    </figure>
  )
}

function Statement() {
  return (
    <details>
      <summary>The statement that decides</summary>
      <p>
        Each claim is one statement and one round trip. It changes the order only while the order is new, so
        Postgres lets one of the callers change it; the others wait for its row, see that it is taken, and
        change nothing.
      </p>
      <pre tabIndex={0}>{`update dispatch.orders
set status = 'assigned', courier_id = $courier, fence = fence + 1, …
where id = $order
  and status = 'new'   -- the condition is read again after the wait for the row`}</pre>
    </details>
  )
}

/** Everywhere else real orders are raced for, and the losers are counted. */
function Recorded({ stats }: { stats: Resource<StatsAnswer> }) {
  return (
    <Panel
      title="Claims that lost in the last 24 hours"
      of={stats}
      size={3}
      wide
      asOf={({ asOf }) => asOf}
      empty={{
        when: ({ lostClaims }) => lostClaims.total === 0,
        why: 'No claim has lost yet.',
        command: 'npm run race',
      }}
    >
      {({ lostClaims }) => (
        <Table
          caption="Orders with the most lost claims"
          rows={lostClaims.orders}
          rowKey={({ orderId }) => orderId}
          href={({ orderId }) => `/app/orders/${orderId}`}
          columns={[
            { name: 'Order', cell: ({ orderId }) => `Order ${orderId}` },
            {
              name: 'Claims that lost',
              numeric: true,
              cell: ({ times }, index) => (
                <Value at={`${stats.path}#lostClaims.orders.${index}.times`} value={times} />
              ),
            },
          ]}
        />
      )}
    </Panel>
  )
}
