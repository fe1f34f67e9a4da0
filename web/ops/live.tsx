import type { ComponentChildren } from 'preact'
import type { LiveState } from '../../functions/ops/live/contract.ts'
import { First } from '../parts/first.tsx'
import { counted, milliseconds, number } from '../parts/numbers.ts'
import { Panel } from '../parts/panel.tsx'
import { useLive } from '../parts/stream.ts'
import { Table } from '../parts/table.tsx'

/** Rates and times of this moment. One stream for all tabs. */
export function LivePanel() {
  const { of, state } = useLive<LiveState>('/v1/ops/live', 'state')
  return (
    <Panel title="Now" of={of} size={4} wide asOf={({ asOf }) => asOf} stale={() => state.value === 'away'}>
      {(now) => <Figures of={now} />}
    </Panel>
  )
}

const mostRoutes = 8

function Figures({ of }: { of: LiveState }) {
  const rate = (value: number | null) => (value === null ? unknown(of.why) : `${number(value)} /s`)
  const time = (value: number | null) =>
    value === null ? <span class="muted">no calls</span> : milliseconds(value)
  return (
    <>
      {of.why !== null && <p class="unknown">{of.why}</p>}
      <dl class="figures">
        <Tile name="Requests">{rate(of.requests)}</Tile>
        <Tile name="Errors (5xx)">{rate(of.errors)}</Tile>
        <Tile name="Statements">{rate(of.statements)}</Tile>
        <Tile name="Request p95">{time(of.http.p95Ms)}</Tile>
        <Tile name="Database p95">{time(of.database.p95Ms)}</Tile>
        <Tile name="Isolates">{of.isolates === null ? unknown(of.why) : number(of.isolates)}</Tile>
      </dl>
      {of.routes.length > 0 && (
        <Table
          caption={`The busiest routes of the last ${counted(of.seconds, 'second')}`}
          rows={of.routes.slice(0, mostRoutes)}
          rowKey={({ method, route }) => `${method} ${route}`}
          columns={[
            { name: 'Busiest routes', cell: ({ method, route }) => `${method} ${route}` },
            { name: 'Rate', numeric: true, cell: ({ perSecond }) => `${number(perSecond)} /s` },
            { name: 'p95', numeric: true, cell: ({ p95Ms }) => time(p95Ms) },
          ]}
        />
      )}
      <First shown={mostRoutes} of={of.routes.length} what="busiest routes" />
    </>
  )
}

function Tile({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

const unknown = (why: string | null) => (
  <span class="unknown" title={why ?? undefined}>
    unknown
  </span>
)
