import type { Queries } from '../../functions/ops/queries/contract.ts'
import type { Routes } from '../../functions/ops/routes/contract.ts'
import { Ms, Share } from '../parts/measured.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { route, setQuery } from '../parts/route.ts'
import { Table } from '../parts/table.tsx'
import { Value } from '../parts/value.tsx'
import { OpsSections, queryHref } from './words.tsx'

export function page() {
  const order = route.value.query.get('order') ?? 'total'
  const routes = useResource<Routes>('/v1/ops/routes', { every: 30 })
  const queries = useResource<Queries>(`/v1/ops/queries?order=${encodeURIComponent(order)}`, { every: 60 })
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
  const at = (index: number, field: string) => `${of.path}#data.${index}.${field}`
  return (
    <Panel
      title="Routes, last hour"
      of={of}
      size={5}
      wide
      asOf={({ asOf }) => asOf}
      empty={{ when: ({ data }) => data.length === 0, why: 'No request was counted in the last hour.' }}
    >
      {({ data, why }) => (
        <>
          {why !== null && <p class="unknown">{why}</p>}
          <Table
            caption="Routes, the busiest first"
            rows={data}
            rowKey={({ method, route: path }) => `${method} ${path}`}
            columns={[
              { name: 'Route', cell: ({ method, route: path }) => `${method} ${path}` },
              {
                name: 'Requests',
                numeric: true,
                cell: ({ requests }, index) => <Value at={at(index, 'requests')} value={requests} />,
              },
              {
                name: 'Errors',
                numeric: true,
                cell: ({ errors }, index) => <Value at={at(index, 'errors')} value={errors} />,
              },
              {
                name: 'Refused',
                numeric: true,
                cell: ({ refused }, index) => <Value at={at(index, 'refused')} value={refused} />,
              },
              {
                name: 'p50',
                numeric: true,
                cell: ({ p50Ms }, index) => <Ms at={at(index, 'p50Ms')} value={p50Ms} />,
              },
              {
                name: 'p95',
                numeric: true,
                cell: ({ p95Ms }, index) => <Ms at={at(index, 'p95Ms')} value={p95Ms} />,
              },
              {
                name: 'p99',
                numeric: true,
                cell: ({ p99Ms }, index) => <Ms at={at(index, 'p99Ms')} value={p99Ms} />,
              },
              {
                name: 'Round trips, most',
                numeric: true,
                cell: ({ trips }, index) => <Value at={at(index, 'trips.max')} value={trips.max} />,
              },
              {
                name: 'More than it may',
                numeric: true,
                cell: ({ overBudget }, index) => <Value at={at(index, 'overBudget')} value={overBudget} />,
              },
            ]}
          />
        </>
      )}
    </Panel>
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
  const at = (index: number, field: string) => `${of.path}#data.${index}.${field}`
  return (
    <Panel
      title="Statements, last hour"
      of={of}
      size={5}
      wide
      asOf={({ asOf }) => asOf}
      tools={
        <div class="filters">
          <label>
            <span>Sorted by</span>
            <select value={order} onChange={(event) => setQuery({ order: event.currentTarget.value })}>
              {orders.map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        </div>
      }
      empty={{
        when: ({ data, why }) => data.length === 0 && why === null,
        why: 'Postgres counted no statement of the Worker in this hour. It is read every five minutes.',
      }}
    >
      {({ data, why }) => (
        <>
          {why !== null && <p class="unknown">{why}</p>}
          {data.length > 0 && (
            <Table
              caption="Statements of the last hour"
              rows={data}
              rowKey={({ name }) => name}
              href={({ name }) => queryHref(name)}
              columns={[
                { name: 'Statement', cell: ({ name }) => name },
                {
                  name: 'Calls',
                  numeric: true,
                  cell: ({ calls }, index) => <Value at={at(index, 'calls')} value={calls} />,
                },
                {
                  name: 'Share',
                  numeric: true,
                  cell: ({ share }, index) => <Share at={at(index, 'share')} value={share} />,
                },
                {
                  name: 'Mean',
                  numeric: true,
                  cell: ({ meanMs }, index) => <Ms at={at(index, 'meanMs')} value={meanMs} />,
                },
                {
                  name: 'p95',
                  numeric: true,
                  cell: ({ p95Ms }, index) => <Ms at={at(index, 'p95Ms')} value={p95Ms} />,
                },
                {
                  name: 'Rows',
                  numeric: true,
                  cell: ({ rows }, index) => <Value at={at(index, 'rows')} value={rows} />,
                },
                {
                  name: 'Found in memory',
                  numeric: true,
                  cell: ({ hitRatio }, index) => <Share at={at(index, 'hitRatio')} value={hitRatio} />,
                },
                {
                  name: 'A week ago',
                  numeric: true,
                  cell: ({ was }, index) =>
                    was === null ? (
                      <span class="muted">no calls</span>
                    ) : (
                      <Ms at={at(index, 'was.meanMs')} value={was.meanMs} />
                    ),
                },
              ]}
            />
          )}
        </>
      )}
    </Panel>
  )
}
