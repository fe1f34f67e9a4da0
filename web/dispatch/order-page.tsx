import { useEffect } from 'preact/hooks'
import type { z } from 'zod'
import type { LostClaim } from '../../functions/dispatch/assignments/contract.ts'
import type { OrderEvent } from '../../functions/dispatch/events/contract.ts'
import { useAction } from '../parts/action.ts'
import { AreaMap } from '../parts/area-map.tsx'
import { Badge } from '../parts/badge.tsx'
import { ActButton } from '../parts/button.tsx'
import { countOf, First } from '../parts/first.tsx'
import { Field, Form } from '../parts/form.tsx'
import { counted, duration, noun } from '../parts/numbers.ts'
import { Grid, Page } from '../parts/page.tsx'
import { Failure, Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { principal, role } from '../parts/session.ts'
import { useFeed } from '../parts/stream.ts'
import { Table } from '../parts/table.tsx'
import { Ago, Computed, Fact, Facts, Money, Unknown, Value, When } from '../parts/value.tsx'
import type { Whole } from './order.ts'
import { OrderState, states } from './order-state.tsx'
import { placesOfOrder } from './places.ts'

type Event = z.infer<typeof OrderEvent>
type Events = { data: Event[]; nextCursor: string | null }
type Lost = { data: z.infer<typeof LostClaim>[]; nextCursor: string | null }

/** One order: where it is, who has it, who lost it, and its whole story. */
export function page({ params: { id = '' } }: { params: Record<string, string> }) {
  const path = `/v1/dispatch/orders/${encodeURIComponent(id)}`
  const isCourier = role.value === 'courier'
  const order = useResource<Whole>(path)
  const events = useResource<Events>(`${path}/events?limit=200`)
  const lost = useResource<Lost>(`${path}/lost-claims?limit=200`, { wanted: !isCourier })
  const readAll = () => {
    void order.reload()
    void events.reload()
    if (!isCourier) void lost.reload()
  }
  const feed = useFeed('/v1/dispatch/events', {
    events(burst) {
      if (burst.some(({ data }) => (data as { orderId: number }).orderId === Number(id))) readAll()
    },
    anew: readAll,
  })
  const isAway = () => feed.value === 'away'
  return (
    <Page
      title={`Order ${id}`}
      sentence="One delivery: its state, its courier, the claims that lost, and each step that led here."
      tools={!isCourier && <a href={`/app/timeline/order/${encodeURIComponent(id)}`}>Timeline</a>}
    >
      <Grid>
        <Panel title="State" of={order} size={4} wide stale={isAway}>
          {(data) => <State order={data} path={path} onDone={readAll} />}
        </Panel>
        <Panel
          title="Story"
          of={events}
          size={4}
          stale={isAway}
          empty={{ when: ({ data }) => data.length === 0, why: 'No event of this order is shown to you.' }}
        >
          {({ data, nextCursor }) => (
            <>
              <Story events={data} />
              <First shown={data.length} of={countOf({ data, nextCursor })} what="events" />
            </>
          )}
        </Panel>
        {!isCourier && <Losers lost={lost} events={events} />}
      </Grid>
    </Page>
  )
}

const steps = ['new', 'assigned', 'accepted', 'picked_up', 'delivered'] as const

function State({ order, path, onDone }: { order: Whole; path: string; onDone: () => void }) {
  const at = (pointer: string) => `${path}#${pointer}`
  return (
    <div class="split half">
      <div>
        <ol class="path" aria-label="Path of the order">
          {steps.map((step) => (
            <li key={step} aria-current={order.status === step ? 'step' : undefined}>
              {states[step].word}
            </li>
          ))}
          {!steps.some((step) => step === order.status) && (
            <li aria-current="step">{states[order.status].word}</li>
          )}
        </ol>
        <Facts>
          <Fact name="State">
            <OrderState order={order} />
          </Fact>
          <Fact name="Held by">
            {order.courierId === null ? 'nobody' : `courier ${order.courierId}, fence ${order.fence}`}
          </Fact>
          <Fact name="From">{order.pickupAddress}</Fact>
          <Fact name="To">
            {order.deliveryAddress}
            {order.recipientName !== undefined && `, ${order.recipientName}`}
          </Fact>
          {order.phone !== undefined && <Fact name="Phone">{order.phone}</Fact>}
          <Fact name="Boxes">
            <Value
              at={at('boxesCount')}
              value={order.boxesCount}
              unit={noun(order.boxesCount, 'box', 'boxes')}
            />
          </Fact>
          <Fact name="Price">
            <Money at={at('priceMinor')} minor={order.priceMinor} currency={order.currency} />
          </Fact>
          <Fact name="Due">{order.dueAt === null ? 'no time given' : <When iso={order.dueAt} />}</Fact>
          <Fact name="Created">
            <When iso={order.createdAt} /> by store {order.storeId}
          </Fact>
          <Fact name="Version">
            <Value at={at('version')} value={order.version} />
          </Fact>
          {order.failureReason !== null && <Fact name="Failed">{order.failureReason}</Fact>}
        </Facts>
        <Actions order={order} path={path} onDone={onDone} />
      </div>
      <AreaMap sentence="Pickup and drop, to scale." places={placesOfOrder(order)} />
    </div>
  )
}

type Step = {
  verb: string
  label: string
  from: readonly string[]
  roles: readonly string[]
  final?: boolean
  body?: object
}

/** The steps that this role may take from this state. */
function stepsOf({ status, fence }: Whole): Step[] {
  const all: Step[] = [
    { verb: 'claim', label: 'Claim this order', from: ['new'], roles: ['courier'], body: {} },
    { verb: 'accept', label: 'Accept it', from: ['assigned'], roles: ['courier'], body: { fence } },
    { verb: 'pickup', label: 'Mark as picked up', from: ['accepted'], roles: ['courier'], body: { fence } },
    { verb: 'deliver', label: 'Mark as delivered', from: ['picked_up'], roles: ['courier'], body: { fence } },
    {
      verb: 'release',
      label: 'Give it back',
      from: ['assigned', 'accepted'],
      roles: ['courier'],
      body: { fence },
    },
    { verb: 'undo', label: 'Undo the delivery', from: ['delivered'], roles: ['courier'], body: { fence } },
    { verb: 'undo', label: 'Undo the delivery', from: ['delivered'], roles: ['admin'], body: {} },
    { verb: 'reopen', label: 'Offer it again', from: ['failed'], roles: ['store', 'admin'] },
    {
      verb: 'return',
      label: 'Boxes are back at the store',
      from: ['failed'],
      roles: ['store', 'admin'],
      final: true,
    },
    {
      verb: 'cancel',
      label: 'Cancel this order',
      from: ['new', 'assigned', 'accepted', 'picked_up'],
      roles: ['store', 'admin'],
      final: true,
      body: {},
    },
  ]
  return all.filter(({ from, roles }) => from.includes(status) && roles.includes(role.value ?? ''))
}

function Actions({ order, path, onDone }: { order: Whole; path: string; onDone: () => void }) {
  const action = useAction<Whole>()
  const isHolder =
    role.value !== 'courier' || order.status === 'new' || String(order.courierId) === principal.value?.sub
  async function take({ verb, body }: Step): Promise<void> {
    await action.send(`${path}/${verb}`, body && { body })
    onDone()
  }
  return (
    <div class="actions">
      {action.problem.value && <Failure problem={action.problem.value} />}
      <div class="buttons">
        {isHolder &&
          stepsOf(order).map((step) => (
            <ActButton
              key={step.verb}
              label={step.label}
              action={action}
              final={step.final ?? false}
              act={() => take(step)}
            />
          ))}
      </div>
      {order.status === 'new' && role.value !== 'courier' && (
        <Edit order={order} path={path} onDone={onDone} />
      )}
    </div>
  )
}

/** The change names the version that its author saw, so it cannot overwrite a change of somebody else. */
function Edit({ order, path, onDone }: { order: Whole; path: string; onDone: () => void }) {
  const action = useAction<Whole>()
  async function save(values: Record<string, string>): Promise<void> {
    const body = { deliveryAddress: values['deliveryAddress'], boxesCount: Number(values['boxesCount']) }
    await action.send(path, { method: 'PATCH', ifMatch: order.version, body })
    onDone()
  }
  useEffect(() => {
    action.problem.value = null
  }, [order.version])
  return (
    <details>
      <summary>Change address or boxes</summary>
      <Form
        label="Change the order"
        button={`Change version ${order.version}`}
        send={save}
        problem={action.problem.value}
        state={action.state.value}
      >
        <Field
          name="deliveryAddress"
          label="Address"
          value={order.deliveryAddress}
          problem={action.problem.value}
        />
        <Field
          name="boxesCount"
          label="Boxes"
          value={String(order.boxesCount)}
          problem={action.problem.value}
        />
      </Form>
    </details>
  )
}

/** The steps in the order of their commits, each with its actor and the time since the one before. */
function Story({ events }: { events: readonly Event[] }) {
  return (
    <ol class="story">
      {events.map(({ id, type, actor, courierId, fence, data, createdAt }, index) => {
        const before = events[index - 1]
        const reason = data['reason']
        return (
          <li key={id}>
            <strong>{type.replaceAll('_', ' ')}</strong> by {actor.role}
            {actor.id !== null && ` ${actor.id}`}
            {courierId !== null && actor.role !== 'courier' && `, courier ${courierId}`}
            {courierId !== null && `, fence ${fence}`}
            {typeof reason === 'string' && `: ${reason}`}
            <p class="muted">
              <When iso={createdAt} short={false} />
              {before && `, ${duration(Date.parse(createdAt) - Date.parse(before.createdAt))} later`}
            </p>
          </li>
        )
      })}
    </ol>
  )
}

/** The claims that came too late, and by how much: the time after the claim that won. */
function Losers({ lost, events }: { lost: Resource<Lost>; events: Resource<Events> }) {
  const claims = (events.data.value?.data ?? []).filter(({ type }) =>
    ['claimed', 'assigned', 'reassigned'].includes(type),
  )
  return (
    <Panel
      title="Claims that lost"
      of={lost}
      size={4}
      empty={{ when: ({ data }) => data.length === 0, why: 'Nobody else tried to claim this order.' }}
    >
      {({ data, nextCursor }) => (
        <>
          <p>
            <Badge
              word={`${nextCursor === null ? '' : 'at least '}${counted(data.length, 'courier')} lost`}
              tone="plain"
            />
          </p>
          <Table
            caption="Claims that lost"
            rows={data.toSorted((a, b) => (a.lastAt < b.lastAt ? -1 : 1)).slice(0, 20)}
            rowKey={({ courierId }) => courierId}
            at={(row) => `${lost.path}#data.${data.indexOf(row)}`}
            columns={[
              { name: 'Courier', cell: ({ courierId }) => courierId },
              {
                name: 'Times',
                numeric: true,
                cell: ({ times }, _, at) => <Value at={`${at}.times`} value={times} />,
              },
              {
                name: 'Too late by',
                numeric: true,
                cell: ({ lastAt }, _, at) => (
                  <Computed from={`${at}.lastAt`}>{lateBy(lastAt, claims)}</Computed>
                ),
              },
              { name: 'At', cell: ({ lastAt }) => <Ago iso={lastAt} /> },
            ]}
          />
          {data.length > 20 && <p class="muted">The first 20 of {data.length}.</p>}
        </>
      )}
    </Panel>
  )
}

function lateBy(at: string, claims: readonly Event[]) {
  const won = claims.findLast(({ createdAt }) => createdAt <= at)
  if (won === undefined) return <Unknown why="No claim before it is in the story" />
  return duration(Date.parse(at) - Date.parse(won.createdAt))
}
