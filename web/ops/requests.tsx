import type { Queries } from '../../functions/ops/queries/contract.ts'
import type { Routes } from '../../functions/ops/routes/contract.ts'
import { Ms, Share } from '../parts/measured.tsx'
import { Page } from '../parts/page.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { route } from '../parts/route.ts'
import { TablePanel } from '../parts/table-panel.tsx'
import { Order } from './order.tsx'
import { OpsSections, queryHref } from './words.tsx'

export function page() {
  const order = route.value.query.get('order') ?? 'total'
  const routes = useResource<Routes>('/v1/ops/routes', { every: 30 })
  const queries = useResource<Queries>(`/v1/ops/queries?order=${encodeURIComponent(order)}`, {
    whenSeen: true,
    every: 60,
  })
  return (
    <Page
      title="Requests"
      sentence="The time and round trips of each route, and the cost of each statement in Postgres."
    >
      <OpsSections />
      <RoutesPanel of={routes} />
      <QueriesPanel of={queries} order={order} />
    </Page>
  )
}

function RoutesPanel({ of }: { of: Resource<Routes> }) {
  return (
    <TablePanel
      title="Routes, last hour"
      of={of}
      size={5}
      none="No request was counted in the last hour."
      caption="Routes, the busiest first"
      rowKey={({ method, route: path }) => `${method} ${path}`}
      columns={[
        { name: 'Route', cell: ({ method, route: path }) => `${method} ${path}` },
        { name: 'Requests', field: 'requests' },
        { name: 'Errors', field: 'errors' },
        { name: 'Refused', field: 'refused' },
        { name: 'p50', field: 'p50Ms', as: Ms },
        { name: 'p95', field: 'p95Ms', as: Ms },
        { name: 'p99', field: 'p99Ms', as: Ms },
        { name: 'Round trips, most', field: 'trips.max' },
        { name: 'More than it may', field: 'overBudget' },
      ]}
    />
  )
}

const orders = [
  { value: 'total', label: 'time' },
  { value: 'calls', label: 'calls' },
  { value: 'mean', label: 'mean' },
  { value: 'rows', label: 'rows' },
  { value: 'temp', label: 'temporary files' },
  { value: 'wal', label: 'write-ahead log' },
]

function QueriesPanel({ of, order }: { of: Resource<Queries>; order: string }) {
  return (
    <TablePanel
      title="Statements, last hour"
      of={of}
      size={5}
      tools={<Order value={order} options={orders} />}
      none="Postgres counted no statement of the Worker in this hour. It is read every five minutes."
      caption="Statements of the last hour"
      rowKey={({ name }) => name}
      href={({ name }) => queryHref(name)}
      columns={[
        { name: 'Statement', cell: ({ name }) => name },
        { name: 'Calls', field: 'calls' },
        { name: 'Share', field: 'share', as: Share },
        { name: 'Mean', field: 'meanMs', as: Ms },
        { name: 'p95', field: 'p95Ms', as: Ms },
        { name: 'Rows', field: 'rows' },
        { name: 'Found in memory', field: 'hitRatio', as: Share },
        {
          name: 'A week ago',
          numeric: true,
          cell: ({ was }, index) =>
            was === null ? (
              <span class="muted">no calls</span>
            ) : (
              <Ms at={`${of.path}#data.${index}.was.meanMs`} value={was.meanMs} />
            ),
        },
      ]}
    />
  )
}
