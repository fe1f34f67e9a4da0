import { Fragment } from 'preact'
import type { Index } from '../../functions/ops/indexes/contract.ts'
import type { Table as TableFigures } from '../../functions/ops/tables/contract.ts'
import type { TriggerFunctions } from '../../functions/ops/triggers/contract.ts'
import type { View } from '../../functions/ops/views/contract.ts'
import { Badge, type Tone } from '../parts/badge.tsx'
import { Bytes } from '../parts/bytes.tsx'
import { Ms, Seconds, Share } from '../parts/measured.tsx'
import { counted } from '../parts/numbers.ts'
import { Page } from '../parts/page.tsx'
import { type Resource, useResource } from '../parts/resource.ts'
import { route } from '../parts/route.ts'
import { TablePanel } from '../parts/table-panel.tsx'
import { Ago } from '../parts/value.tsx'
import { Order } from './order.tsx'
import { OpsSections } from './words.tsx'

type Views = { data: View[]; nextCursor: null }
type Aged<T> = { asOf: string; data: T[]; nextCursor: null }

export function page() {
  const order = route.value.query.get('order') ?? 'size'
  const views = useResource<Views>('/v1/ops/views', { every: 60 })
  const tables = useResource<Aged<TableFigures>>(`/v1/ops/tables?order=${encodeURIComponent(order)}`, {
    every: 300,
  })
  const indexes = useResource<Aged<Index>>('/v1/ops/indexes', { whenSeen: true, every: 300 })
  const triggers = useResource<TriggerFunctions>('/v1/ops/triggers', { whenSeen: true, every: 300 })
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

/** A long name may be broken between its words, and only there as long as there is room. */
function Name({ of }: { of: string }) {
  const [first, ...parts] = of.split(/(?<=[._])/)
  return (
    <>
      {first}
      {parts.map((part, index) => (
        // The parts of a name have no key but their place.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <Fragment key={index}>
          <wbr />
          {part}
        </Fragment>
      ))}
    </>
  )
}

function ViewsPanel({ of }: { of: Resource<Views> }) {
  return (
    <TablePanel
      title="Views, the incremental ones last"
      of={of}
      none="The database has no views that are kept."
      rowKey={({ name }) => name}
      columns={[
        { name: 'View', cell: ({ name }) => name },
        {
          name: 'State',
          cell: ({ populated, stale, driftKeys }) =>
            driftKeys !== null && driftKeys > 0 ? (
              <Badge word={`${counted(driftKeys, 'row')} differed`} tone="bad" />
            ) : !populated ? (
              <Badge word="never filled" tone="bad" />
            ) : stale ? (
              <Badge word="stale" tone="warn" />
            ) : (
              <Badge word="fresh" tone="ok" />
            ),
        },
        { name: 'Age', field: 'ageSeconds', as: Seconds },
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
        { name: 'Refresh took', field: 'durationMs', as: Ms },
        { name: 'Rows', field: 'rows' },
        { name: 'Writes since', field: 'pendingWrites' },
        { name: 'Size', field: 'sizeBytes', as: Bytes },
      ]}
    />
  )
}

const orders = [
  { value: 'size', label: 'size' },
  { value: 'name', label: 'name' },
  { value: 'dead', label: 'dead rows' },
  { value: 'sequential', label: 'sequential scans' },
]

function TablesPanel({ of, order }: { of: Resource<Aged<TableFigures>>; order: string }) {
  return (
    <TablePanel
      title="Tables"
      of={of}
      size={5}
      tools={<Order value={order} options={orders} />}
      none="The database has no tables."
      rowKey={({ name }) => name}
      columns={[
        { name: 'Table', cell: ({ name }) => <Name of={name} /> },
        { name: 'Rows, estimated', field: 'rows' },
        { name: 'Dead rows', field: 'deadRows' },
        { name: 'Size', field: 'totalBytes', as: Bytes },
        { name: 'Growth a day', field: 'growthBytesPerDay', as: Bytes },
        { name: 'Found in memory', field: 'hitRatio', as: Share },
        { name: 'Whole-table scans', field: 'sequentialShare', as: Share },
        {
          name: 'Vacuumed',
          cell: ({ vacuumedAt }) => (vacuumedAt === null ? 'never' : <Ago iso={vacuumedAt} />),
        },
        {
          name: 'Ids left',
          numeric: true,
          cell: ({ identityLeft }, index) =>
            identityLeft === null ? (
              'none'
            ) : (
              <Share at={`${of.path}#data.${index}.identityLeft`} value={identityLeft} />
            ),
        },
      ]}
    />
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
  return (
    <TablePanel
      title="Indexes"
      of={of}
      size={5}
      none="The database has no indexes."
      rowKey={({ name, table }) => `${table} ${name}`}
      columns={[
        { name: 'Index', cell: ({ name }) => <Name of={name} /> },
        { name: 'Table', cell: ({ table }) => <Name of={table} /> },
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
        { name: 'Scans', field: 'scans' },
        {
          name: 'Last scan',
          cell: ({ lastScan }) => (lastScan === null ? 'none' : <Ago iso={lastScan} />),
        },
        { name: 'Size', field: 'sizeBytes', as: Bytes },
        {
          name: 'Serves',
          cell: ({ serves, constraint }) => serves ?? (constraint ? 'a key' : 'not documented'),
        },
      ]}
    />
  )
}

function TriggersPanel({ of }: { of: Resource<TriggerFunctions> }) {
  return (
    <TablePanel
      title="Triggers"
      of={of}
      none="No function is called by a trigger."
      caption="Functions that triggers call"
      rowKey={(one) => one.function}
      columns={[
        { name: 'Function', cell: (one) => <Name of={one.function} /> },
        { name: 'Called by', cell: ({ triggers }) => triggers.join(', ') },
        { name: 'Calls', field: 'calls' },
        { name: 'Mean', field: 'meanMs', as: Ms },
        { name: 'Itself', field: 'selfMs', as: Ms },
        { name: 'With what it calls', field: 'totalMs', as: Ms },
      ]}
    />
  )
}
