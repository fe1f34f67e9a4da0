import type { Index } from '../../functions/ops/indexes/contract.ts'
import type { Table as TableFigures } from '../../functions/ops/tables/contract.ts'
import type { TriggerFunctions } from '../../functions/ops/triggers/contract.ts'
import type { View } from '../../functions/ops/views/contract.ts'
import { Badge, type Tone } from '../parts/badge.tsx'
import { Bytes } from '../parts/bytes.tsx'
import { Ms, Seconds, Share } from '../parts/measured.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { route, setQuery } from '../parts/route.ts'
import { Table } from '../parts/table.tsx'
import { Ago, Value } from '../parts/value.tsx'
import { OpsSections } from './words.tsx'

type Views = { data: View[]; nextCursor: null }
type Aged<T> = { asOf: string; data: T[]; nextCursor: null }

export function page() {
  const order = route.value.query.get('order') ?? 'size'
  const views = useResource<Views>('/v1/ops/views', { every: 60 })
  const tables = useResource<Aged<TableFigures>>(`/v1/ops/tables?order=${encodeURIComponent(order)}`, {
    every: 300,
  })
  const indexes = useResource<Aged<Index>>('/v1/ops/indexes', { every: 300 })
  const triggers = useResource<TriggerFunctions>('/v1/ops/triggers', { every: 300 })
  return (
    <Page
      title="Storage"
      sentence="The views, tables, indexes and triggers of Postgres: their size, age, use and cost."
    >
      <OpsSections />
      <ViewsPanel of={views} />
      <TablesPanel of={tables} order={order} />
      <IndexesPanel of={indexes} />
      <TriggersPanel of={triggers} />
    </Page>
  )
}

function ViewsPanel({ of }: { of: Resource<Views> }) {
  const at = (index: number, field: string) => `${of.path}#data.${index}.${field}`
  return (
    <Panel
      title="Views"
      of={of}
      size={4}
      wide
      empty={{ when: ({ data }) => data.length === 0, why: 'The database has no views that are kept.' }}
    >
      {({ data }) => (
        <Table
          caption="Views, the incremental ones last"
          rows={data}
          rowKey={({ name }) => name}
          columns={[
            { name: 'View', cell: ({ name }) => name },
            {
              name: 'State',
              cell: ({ populated, stale, driftKeys }) =>
                driftKeys !== null && driftKeys > 0 ? (
                  <Badge word={`${driftKeys} rows differ`} tone="bad" />
                ) : !populated ? (
                  <Badge word="never filled" tone="bad" />
                ) : stale ? (
                  <Badge word="stale" tone="warn" />
                ) : (
                  <Badge word="fresh" tone="ok" />
                ),
            },
            {
              name: 'Age',
              numeric: true,
              cell: ({ ageSeconds }, index) => <Seconds at={at(index, 'ageSeconds')} value={ageSeconds} />,
            },
            {
              name: 'Refreshed',
              cell: ({ kind, lastRefresh }) =>
                kind === 'incremental' ? (
                  'with each write'
                ) : lastRefresh === null ? (
                  'never'
                ) : (
                  <Ago iso={lastRefresh} />
                ),
            },
            {
              name: 'Refresh took',
              numeric: true,
              cell: ({ durationMs }, index) => <Ms at={at(index, 'durationMs')} value={durationMs} />,
            },
            {
              name: 'Rows',
              numeric: true,
              cell: ({ rows }, index) => <Value at={at(index, 'rows')} value={rows} />,
            },
            {
              name: 'Writes since',
              numeric: true,
              cell: ({ pendingWrites }, index) => (
                <Value
                  at={at(index, 'pendingWrites')}
                  value={pendingWrites}
                  title="Null when they are not counted"
                />
              ),
            },
            {
              name: 'Size',
              numeric: true,
              cell: ({ sizeBytes }, index) => <Bytes at={at(index, 'sizeBytes')} value={sizeBytes} />,
            },
          ]}
        />
      )}
    </Panel>
  )
}

const orders = [
  { value: 'size', label: 'size' },
  { value: 'name', label: 'name' },
  { value: 'dead', label: 'dead rows' },
  { value: 'sequential', label: 'sequential scans' },
]

function TablesPanel({ of, order }: { of: Resource<Aged<TableFigures>>; order: string }) {
  const at = (index: number, field: string) => `${of.path}#data.${index}.${field}`
  return (
    <Panel
      title="Tables"
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
      empty={{ when: ({ data }) => data.length === 0, why: 'The database has no tables.' }}
    >
      {({ data }) => (
        <Table
          caption="Tables"
          rows={data}
          rowKey={({ name }) => name}
          columns={[
            { name: 'Table', cell: ({ name }) => name },
            {
              name: 'Rows, estimated',
              numeric: true,
              cell: ({ rows }, index) => <Value at={at(index, 'rows')} value={rows} />,
            },
            {
              name: 'Dead rows',
              numeric: true,
              cell: ({ deadRows }, index) => <Value at={at(index, 'deadRows')} value={deadRows} />,
            },
            {
              name: 'Size',
              numeric: true,
              cell: ({ totalBytes }, index) => <Bytes at={at(index, 'totalBytes')} value={totalBytes} />,
            },
            {
              name: 'Growth a day',
              numeric: true,
              cell: ({ growthBytesPerDay }, index) => (
                <Bytes at={at(index, 'growthBytesPerDay')} value={growthBytesPerDay} />
              ),
            },
            {
              name: 'Found in memory',
              numeric: true,
              cell: ({ hitRatio }, index) => <Share at={at(index, 'hitRatio')} value={hitRatio} />,
            },
            {
              name: 'Whole-table scans',
              numeric: true,
              cell: ({ sequentialShare }, index) => (
                <Share at={at(index, 'sequentialShare')} value={sequentialShare} />
              ),
            },
            {
              name: 'Vacuumed',
              cell: ({ vacuumedAt }) => (vacuumedAt === null ? 'never' : <Ago iso={vacuumedAt} />),
            },
            {
              name: 'Ids left',
              numeric: true,
              cell: ({ identityLeft }, index) =>
                identityLeft === null ? (
                  'no identity'
                ) : (
                  <Share at={at(index, 'identityLeft')} value={identityLeft} />
                ),
            },
          ]}
        />
      )}
    </Panel>
  )
}

const verdicts: Record<Index['verdict'], Tone> = {
  used: 'ok',
  unused: 'warn',
  'too early to say': 'unknown',
  constraint: 'plain',
  invalid: 'bad',
}

function IndexesPanel({ of }: { of: Resource<Aged<Index>> }) {
  const at = (index: number, field: string) => `${of.path}#data.${index}.${field}`
  return (
    <Panel
      title="Indexes"
      of={of}
      size={5}
      wide
      asOf={({ asOf }) => asOf}
      empty={{ when: ({ data }) => data.length === 0, why: 'The database has no indexes.' }}
    >
      {({ data }) => (
        <Table
          caption="Indexes"
          rows={data}
          rowKey={({ name, table }) => `${table} ${name}`}
          columns={[
            { name: 'Index', cell: ({ name }) => name },
            { name: 'Table', cell: ({ table }) => table },
            {
              name: 'Verdict',
              cell: ({ verdict, duplicateOf }) => (
                <>
                  <Badge word={verdict} tone={verdicts[verdict]} />
                  {duplicateOf !== null && (
                    <>
                      {' '}
                      <Badge word={`same as ${duplicateOf}`} tone="warn" />
                    </>
                  )}
                </>
              ),
            },
            {
              name: 'Scans',
              numeric: true,
              cell: ({ scans }, index) => <Value at={at(index, 'scans')} value={scans} />,
            },
            {
              name: 'Last scan',
              cell: ({ lastScanAt }) => (lastScanAt === null ? 'none' : <Ago iso={lastScanAt} />),
            },
            {
              name: 'Size',
              numeric: true,
              cell: ({ sizeBytes }, index) => <Bytes at={at(index, 'sizeBytes')} value={sizeBytes} />,
            },
            {
              name: 'Serves',
              cell: ({ serves, constraint }) => serves ?? (constraint ? 'a key' : 'not documented'),
            },
          ]}
        />
      )}
    </Panel>
  )
}

function TriggersPanel({ of }: { of: Resource<TriggerFunctions> }) {
  const at = (index: number, field: string) => `${of.path}#data.${index}.${field}`
  return (
    <Panel
      title="Triggers"
      of={of}
      size={4}
      wide
      asOf={({ asOf }) => asOf}
      empty={{ when: ({ data }) => data.length === 0, why: 'No function is called by a trigger.' }}
    >
      {({ data, why }) => (
        <>
          {why !== null && <p class="unknown">{why}</p>}
          <Table
            caption="Functions that triggers call"
            rows={data}
            rowKey={(one) => one.function}
            columns={[
              { name: 'Function', cell: (one) => one.function },
              { name: 'Called by', cell: ({ triggers }) => triggers.join(', ') },
              {
                name: 'Calls',
                numeric: true,
                cell: ({ calls }, index) => <Value at={at(index, 'calls')} value={calls} />,
              },
              {
                name: 'Mean',
                numeric: true,
                cell: ({ meanMs }, index) => <Ms at={at(index, 'meanMs')} value={meanMs} />,
              },
              {
                name: 'Itself',
                numeric: true,
                cell: ({ selfMs }, index) => <Ms at={at(index, 'selfMs')} value={selfMs} />,
              },
              {
                name: 'With what it calls',
                numeric: true,
                cell: ({ totalMs }, index) => <Ms at={at(index, 'totalMs')} value={totalMs} />,
              },
            ]}
          />
        </>
      )}
    </Panel>
  )
}
